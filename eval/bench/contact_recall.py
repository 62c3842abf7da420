"""How many phone numbers and postal addresses are found, by country and by spelling, and what is
taken for one: ``python -m eval bench contacts``.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from eval.bench.address_texts import WrittenAddress, plain_streets, written_addresses
from eval.bench.contact_texts import WrittenNumber, plain_numbers, written_numbers
from eval.bench.recorded import wire_messages
from eval.data.dataset import read_file
from intent.classify.contacts import find_contacts
from intent.classify.folding import INVISIBLE
from intent.classify.placeholders import disguise
from intent.cli.screen import json_line, results, say
from intent.model.errors import OperatorError
from intent.model.message import MAX_TEXT_BYTES

GOAL = 0.95
"""Least share of numbers in a common spelling, and of addresses, that must not be stored in plain.
"""


def contacts(
    count: Annotated[int, typer.Option(min=1, help="Texts of each country and spelling.")] = 5,
    seed: Annotated[int, typer.Option(help="Draws the numbers.")] = 1,
    data: Annotated[
        list[Path] | None,
        typer.Option(help="JSONL whose texts are looked through for what is taken for a number."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one line a group.")] = False,
) -> None:
    """Measure recall of phone numbers, in 25 countries and 22 spellings, and of postal addresses of
    these countries, and what is taken for one.

    Exit 1 below the goal, or where a price, a quantity or a day is taken for a number.

    Example: [bold]python -m eval bench contacts[/]
    """
    written = list(written_numbers(count, seed))
    kept = {id(one): is_hidden(one) for one in written}
    by_country = _shares((one.country, kept[id(one)]) for one in written if one.common)
    by_spelling = _shares((one.spelling, kept[id(one)]) for one in written)
    taken = Counter(kind for kind, text in plain_numbers(seed) if _hidden(text) != text)
    taken.update("streets" for text in plain_streets(seed) if _hidden(text) != text)
    addresses = [(one.country, is_away(one)) for one in written_addresses(4 * count, seed)]
    away = sum(gone for _, gone in addresses) / len(addresses)
    common = [kept[id(one)] for one in written if one.common]
    reached = sum(bool(find_contacts(one.text)) for one in written if one.common) / len(common)
    share = sum(common) / len(common)
    if as_json:
        groups = (
            ("country", by_country),
            ("spelling", by_spelling),
            ("addresses of", _shares(addresses)),
        )
        for what, shares in groups:
            for name, (found, of) in shares.items():
                json_line({what: name, "found": found, "of": of})
        json_line({"common": share, "as_slots": reached, "addresses": away, "taken": dict(taken)})
    else:
        names = {one.spelling for one in written if one.common}
        results().print(_table("country, common spellings", by_country))
        results().print(_table("spelling (* common)", _starred(by_spelling, names)))
        results().print(_table("postal addresses, country", _shares(addresses)))
        say(f"{len(written):,} texts; common spellings hidden {share:.3f}, as a slot {reached:.3f}")
        say(f"{len(addresses):,} addresses; street and number hidden {away:.3f}")
        say(f"numbers that reach nobody, hidden: {dict(taken) or 'none'}")
    for path in data or ():
        _look_through(path)
    if min(share, away) < GOAL or taken:
        raise OperatorError(f"below the goal of {GOAL}, or numbers are hidden that reach nobody")


def is_hidden(written: WrittenNumber) -> bool:
    """Whether of a number so little is left that it reaches nobody."""
    left = "".join(
        str(unicodedata.digit(sign, "")) for sign in INVISIBLE.sub("", _hidden(written.text))
    )
    return written.digits not in left and not any(
        sign in _hidden(written.text) for sign in ("zero ", "two ", "零", "八")
    )


def is_away(written: WrittenAddress) -> bool:
    """Whether of an address neither the street nor the house number is left."""
    left = _hidden(written.text)
    return written.number not in left and not (written.street and written.street in left)


def _hidden(text: str) -> str:
    return disguise(text, MAX_TEXT_BYTES).text


def _shares(found: Iterable[tuple[str, bool]]) -> dict[str, tuple[int, int]]:
    shares: dict[str, tuple[int, int]] = {}
    for name, is_found in found:
        before, of = shares.get(name, (0, 0))
        shares[name] = (before + is_found, of + 1)
    return shares


def _starred(shares: dict[str, tuple[int, int]], common: set[str]) -> dict[str, tuple[int, int]]:
    return {f"{name} *" if name in common else name: value for name, value in shares.items()}


def _table(title: str, shares: dict[str, tuple[int, int]]) -> Table:
    table = Table(title=title, title_justify="left")
    for column in ("", "found", "of", "recall"):
        table.add_column(column)
    for name, (found, of) in shares.items():
        table.add_row(name, str(found), str(of), f"{found / of:.3f}")
    return table


def _look_through(path: Path) -> None:
    texts, kinds, hidden = 0, Counter[str](), 0
    for text in _texts(path):
        texts += 1
        details = disguise(text, MAX_TEXT_BYTES)
        kinds.update(one.strip("[]").split()[0] for one in details.originals)
        hidden += bool(details.originals)
    say(f"{path.name}: {texts:,} texts, details hidden in {hidden:,}: {dict(kinds)}")


def _texts(path: Path) -> Iterable[str]:
    head = path.open(encoding="utf-8").readline()
    if '"expected"' in head:
        return (row.input.text for row in read_file(path)[0])
    return (message.text for message in wire_messages(path))
