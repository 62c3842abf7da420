"""Verbs of features for ranking: list, read, rebuild."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from intent.cli import built_features, feature_parity, offline
from intent.cli.arguments import AsJson, application, instant
from intent.cli.rows_given import read_entity_rows
from intent.cli.screen import json_line, one_line, results, say
from intent.model.errors import WrongUse
from intent.store.access import Access

if TYPE_CHECKING:
    from rich.table import Table

    from intent.features.definitions.definitions import Definitions
    from intent.features.online.read import FeatureTable

app = typer.Typer(no_args_is_help=True, help="Features for ranking: the same online and offline.")
for verb in (
    offline.export,
    offline.build,
    feature_parity.parity,
    built_features.profile,
    built_features.feast,
):
    app.command()(verb)
_ESCAPE = re.compile("%2c|%25", re.IGNORECASE)
SetName = Annotated[str | None, typer.Option("--set", help="Feature set, such as ranking_v1.")]


@app.command("list")
def list_(
    of_set: SetName = None,
    every: Annotated[
        bool,
        typer.Option(
            "--all", help="Every feature by name; without it the sets and the parts of names."
        ),
    ] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the catalogue page.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the feature catalogue: meaning, unit, window, what missing means, freshness, privacy.

    Examples: [bold]intent features list --set ranking_v1[/] · [bold]intent features list --markdown
    > docs/features-catalogue.md[/]
    """
    from intent.features.definitions.catalogue import entries, entry, markdown

    definitions = application(quiet=True).definitions
    if as_markdown:
        sys.stdout.write(markdown(definitions))
        return
    if of_set is not None:
        shown = [
            entry(definitions, feature) for feature in definitions.feature_set(of_set).features
        ]
    else:
        shown = entries(definitions) if every or as_json else []
    if as_json:
        for one in shown:
            json_line(one)
    elif shown:
        results().print(
            _table(
                ("feature", "unit", "meaning"),
                [(one["name"], one["unit"], one["meaning"]) for one in shown],
            )
        )
    else:
        sets = [
            (name, str(len(chosen.features)), chosen.version, definitions.meaning_of_set(name))
            for name, chosen in _sets(definitions)
        ]
        results().print(_table(("set", "features", "version", "meaning"), sets))
        say(
            f"{len(definitions.features):,} features: intent features list --all, or --markdown "
            "for the parts of their names"
        )


@app.command()
def read(
    keys: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ENTITY=PLATFORM:ID…",
            help="Such as user=tiktok:u_1, user_creator=tiktok:u_1,c_2; in a pair write a comma of "
            "an id as %2C.",
        ),
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|-",
            help="Entity rows instead, one JSON object of keys a line; needs --set.",
        ),
    ] = None,
    of_set: SetName = None,
    at: Annotated[str | None, typer.Option(help="As of this instant; now if not given.")] = None,
    log: Annotated[
        Path | None,
        typer.Option(help="With --rows: append what was served, for intent features parity."),
    ] = None,
    share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of rows that is logged, chosen by hash.")
    ] = 1.0,
    every: Annotated[
        bool, typer.Option("--all", help="Also features that are zero or missing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read features of entities, each value with its status: present, zero, never_seen, expired or
    pending.

    Examples: [bold]intent features read user=tiktok:u_1 room=tiktok:live-1[/] · [bold]intent
    features read --set ranking_v1 --rows rows.jsonl[/]
    """
    from intent.bootstrap.exported import ExportKind, remember_export
    from intent.bootstrap.shards import feature_reader
    from intent.features.online.served import ServedLog

    opened = application()
    definitions = opened.definitions
    if bool(keys) == bool(rows):
        raise WrongUse("give either entities, such as user=tiktok:u_1, or --rows PATH with --set")
    reader = feature_reader(opened)
    when = instant(at) if at else datetime.now(UTC)
    if rows:
        if of_set is None:
            raise WrongUse("--rows needs --set; see: intent features list")
        columns = read_entity_rows(rows)
        table = reader.read(definitions.feature_set(of_set), columns, when)
        if log is not None:
            ServedLog(log, share).write(table, columns, datetime.now(UTC))
            remember_export(opened, ExportKind.SERVED, log)
        for number, values in enumerate(_by_row(table)):
            json_line({**{name: column[number] for name, column in columns.items()}, **values})
        return
    for text in keys or ():
        entity, parts = parse_key(text, definitions)
        chosen = definitions.feature_set(of_set).names if of_set else definitions.features
        names = [name for name in chosen if definitions.feature(name).view == entity]
        table = reader.read(
            definitions.choose(entity, names), {name: [part] for name, part in parts.items()}, when
        )
        _show(text, _by_row(table)[0], every=every, as_json=as_json)


@app.command()
def rebuild() -> None:
    """Count all feature state anew from decisions: after the taxonomy got a new group, or when the
    audit finds a mismatch.

    Example: [bold]intent features rebuild[/]
    """
    opened = application(access=Access.WRITE)
    with opened.database.begin(patient=True) as transaction:
        counted = opened.features.rebuild(transaction)
    say(f"{counted:,} decisions counted anew")


def parse_key(text: str, definitions: Definitions) -> tuple[str, dict[str, str]]:
    """Read ``user=tiktok:u_1`` or ``user_creator=tiktok:u_1,c_2`` as entity and key columns.

    An id stands as it is; in a pair alone, where a comma divides, a comma of an id is written as
    ``%2C``, and ``%`` as ``%25``.

    Raises:
        WrongUse: the text has another form; it says which.
    """
    from intent.features.definitions.events import ENTITIES

    entity, _, rest = text.partition("=")
    platform, _, ids = rest.partition(":")
    names = ENTITIES.get(entity, ()) if entity in definitions.views else ()
    pair = len(names) > 2
    parts = [platform, *(ids.split(",") if pair else [ids])]
    if pair and (len(parts) > len(names) or _ESCAPE.sub("", ids).count("%")):
        raise WrongUse(
            f"{text!r} can be read in more than one way; in a pair write a comma of an id as %2C, "
            "and % as %25"
        )
    if len(parts) != len(names) or not all(parts):
        known = "|".join(definitions.views)
        raise WrongUse(
            f"{text!r} is no entity; write {known}=PLATFORM:ID, such as user=tiktok:u_1 or "
            "user_creator=tiktok:u_1,c_2"
        )
    if pair:
        parts[1:] = [
            _ESCAPE.sub(lambda found: "%" if found[0] == "%25" else ",", part) for part in parts[1:]
        ]
    return entity, dict(zip(names, parts, strict=True))


def _show(title: str, values: dict[str, Any], *, every: bool, as_json: bool) -> None:
    if as_json:
        json_line({"entity": title, **values})
        return
    from rich.table import Table
    from rich.text import Text

    from intent.features.definitions.status import Status

    found = set(values["statuses"].values())
    silent = found & {
        Status.NEVER_SEEN.name.lower(),
        Status.EXPIRED.name.lower(),
        Status.PENDING.name.lower(),
    }
    heading = one_line(title, 200) + (f" ({silent.pop().replace('_', ' ')})" if silent else "")
    table = Table(title=Text(heading), title_justify="left")
    table.add_column("feature")
    table.add_column("value", justify="right", overflow="fold")
    table.add_column("status")
    for name, value in values["features"].items():
        status = values["statuses"][name]
        if every or status == "present":
            table.add_row(
                name,
                f"{value:,.4g}"
                if isinstance(value, float)
                else str("missing" if value is None else value)[:200],
                status,
            )
    results().print(table)
    if Status.EXPIRED.name.lower() in found:
        say(
            "its last message is more than 30 days old; --at reads an instant of the past, such as "
            "--at 2026-11-20T18:00:00+08:00"
        )


def _by_row(table: FeatureTable) -> list[dict[str, Any]]:
    """Return one JSON object a row; missing values are null."""
    from intent.features.online.served import plain, statuses

    size = len(next(iter(table.columns.values()), ()))
    return [
        {
            "features": {name: plain(column[number]) for name, column in table.columns.items()},
            "statuses": statuses(table, number),
        }
        for number in range(size)
    ]


def _sets(definitions: Definitions) -> list[tuple[str, Any]]:
    return [(name, definitions.feature_set(name)) for name in definitions.set_names]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    from rich.table import Table

    table = Table()
    for name in head:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
