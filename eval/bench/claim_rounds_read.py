"""Measures how well order lines are read from free wording: precision and recall on labelled claim
rounds, with the local model's decisions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from intent.bootstrap.application import open_application
from intent.bootstrap.deciding import build_classifier
from intent.claims.order_book import LineState, order_lines
from intent.cli.screen import json_line, results, say
from intent.model.claim_round import ClaimMessage, read_items
from intent.model.message import AuthorRole, Context, Kind, Message
from intent.telemetry import configure_logs

FOLDER = Path(__file__).parents[1] / "datasets" / "claims"
BEGIN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

Line = tuple[str, int, str, str | None, int]


@dataclass(frozen=True, slots=True)
class ClaimScore:
    """Order lines of a part or language: those that are right, that were read, that were not."""

    name: str
    messages: int
    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / max(self.right + self.wrong, 1)

    @property
    def recall(self) -> float:
        return self.right / max(self.right + self.missed, 1)


def claims(
    show: Annotated[
        bool, typer.Option(help="Show each mistake of dev; those of test stay unseen.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Precision and recall of order lines, on dev and on the part that was held out.

    Example: python -m eval bench claims
    """
    app = open_application()
    configure_logs("error")
    classifier = build_classifier(app)
    rounds = _rows("rounds.jsonl")
    table = Table(title="Order lines of claim rounds (synthetic)", title_justify="left")
    for column in ("part", "messages", "right", "wrong", "missed", "precision", "recall"):
        table.add_column(column, justify="left" if column == "part" else "right")
    for part in ("dev", "test"):
        scores = _part(part, rounds, classifier, show=show and part == "dev")
        for one in scores:
            if as_json:
                json_line({"part": part, "of": one.name, "precision": one.precision,
                           "recall": one.recall, "right": one.right, "wrong": one.wrong,
                           "missed": one.missed, "messages": one.messages})  # fmt: skip
            counts = (str(n) for n in (one.messages, one.right, one.wrong, one.missed))
            table.add_row(
                f"{part} {one.name}", *counts, f"{one.precision:.3f}", f"{one.recall:.3f}"
            )
    if not as_json:
        results().print(table)


def _rows(name: str) -> list[dict[str, Any]]:
    text = (FOLDER / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def _part(
    part: str, rounds: list[dict[str, Any]], classifier: Any, *, show: bool
) -> list[ClaimScore]:
    rows = _rows(f"{part}.jsonl")
    found: dict[str, ClaimScore] = {}
    for one in rounds:
        if one["part"] != part:
            continue
        mine = [row for row in rows if row["round"] == one["id"]]
        expected = {line for row in mine if row["stands"] for line in _expected(row)}
        read = _read(one, mine, classifier)
        if show:
            texts = {row["number"]: row["text"] for row in mine}
            for line in sorted(expected ^ read, key=str):
                kind = "missed" if line in expected else "wrong"
                say(f"{kind}: {line} {texts[line[1]]!r}")
        for name in ("all", one["lang"]):
            before = found.get(name, ClaimScore(name, 0, 0, 0, 0))
            found[name] = ClaimScore(
                name,
                before.messages + len(mine),
                before.right + len(expected & read),
                before.wrong + len(read - expected),
                before.missed + len(expected - read),
            )
    return list(found.values())


def _expected(row: dict[str, Any]) -> list[Line]:
    return [(row["round"], row["number"], code, v, n) for code, v, n in row["orders"]]


def _read(one: dict[str, Any], rows: list[dict[str, Any]], classifier: Any) -> set[Line]:
    messages = [
        Message(
            platform="bench",
            room_id=one["id"],
            message_id=str(row["number"]),
            user_id=row["user_id"],
            kind=Kind.COMMENT,
            author_role=row["author_role"],
            text=row["text"],
            sent_at=BEGIN + timedelta(seconds=20 * row["number"]),
            context=Context(offer=one["offer"]),
        )
        for row in rows
    ]
    said = [
        ClaimMessage(
            message_id=message.message_id,
            user_id=message.user_id,
            author_role=AuthorRole(message.author_role),
            text=message.text,
            said_at=message.sent_at,
            purchase=decision.probabilities["purchase_intent"],
            support=decision.probabilities["customer_support"],
            labels=decision.labels,
        )
        for message, decision in zip(messages, classifier.classify(messages), strict=True)
    ]
    return {
        (one["id"], int(line.message_id), line.code or "", line.variant, line.quantity)
        for line in order_lines(read_items(one["items"]), said)
        if line.state in (LineState.SERVED, LineState.WAITING)
    }
