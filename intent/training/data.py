"""Reads labelled texts: our dataset's lines, or plain ``{"text", "labels"}`` lines of any
taxonomy.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from intent.model.decision import Slot
from intent.model.errors import OperatorError
from intent.model.message import Kind, Message
from intent.sources.decoding import read_text

_NO_TIME = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled message.

    Attributes:
        group: examples of one group never stand on both sides of a split: the room, or the first
            line with the same text where no room is known.
        lang: language as the data names it, or "".
        slots: as the data marks them; none where it does not.
    """

    message: Message
    labels: tuple[str, ...]
    group: str
    lang: str = ""
    slots: tuple[Slot, ...] = ()


def read_examples(*paths: Path) -> list[Example]:
    """Read JSONL files of labelled texts, one after the other.

    Raises:
        OperatorError: a file cannot be read, or a line is no labelled text; the line is named.
    """
    first: dict[str, int] = {}
    examples: list[Example] = []
    before = 0
    for path in paths:
        lines = _lines(path)
        found = [
            _example(line, f"{path}, line {number}", before + number, first)
            for number, line in enumerate(lines, 1)
            if line.strip()
        ]
        if not found:
            raise OperatorError(
                f"{path} holds no labelled texts; give one JSON object a line with text and labels"
            )
        examples += found
        before += len(lines)
    return examples


def _lines(path: Path) -> list[str]:
    try:
        return read_text(path).split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path} cannot be read as UTF-8 text: {error}") from error


def _example(line: str, where: str, number: int, first: dict[str, int]) -> Example:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise OperatorError(f"{where} is no JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        # Python's own limits: digits of a whole number, and depth.
        raise OperatorError(
            f"{where} cannot be read: a number is too long or brackets are nested too deeply; "
            "leave them out"
        ) from error
    if not isinstance(row, dict):
        raise OperatorError(f'{where} is no JSON object; write {{"text": …, "labels": […]}}')
    if "input" in row:
        return _wire_example(row, where)
    if "text" not in row:
        raise OperatorError(f"{where} has neither text nor input")
    try:
        message = plain_message(row["text"], number)
    except ValidationError as error:
        raise OperatorError(f"{where}: {_reason(error)}") from error
    # The same text twice must not stand on both sides of a split: the model would be judged on what
    # it knows by heart.
    return Example(
        message,
        _labels(row, where, '"labels": ["…"] or "label": "…"'),
        str(first.setdefault(message.text, number)),
    )


def _wire_example(row: dict[str, Any], where: str) -> Example:
    """Read a row in our dataset's shape: the message under ``input``, its labels under
    ``expected``, its language under ``metadata``.
    """
    if not isinstance(row["input"], dict):
        raise OperatorError(
            f"{where}: input is no JSON object; write a message there, or give a text under text "
            "instead"
        )
    try:
        message = Message.model_validate(row["input"])
    except ValidationError as error:
        raise OperatorError(f"{where}: {_reason(error, 'input')}") from error
    expected, metadata = row.get("expected", {}), row.get("metadata", {})
    for key, value in (("expected", expected), ("metadata", metadata)):
        if not isinstance(value, dict):
            raise OperatorError(f"{where}: {key} is no JSON object; write {{…}} or leave it out")
    lang = metadata.get("lang", "")
    if not isinstance(lang, str):
        raise OperatorError(
            f"{where}: metadata.lang is no text; write a language such as en, or leave it out"
        )
    return Example(
        message,
        _labels(expected, where, '"expected": {"labels": ["…"]}'),
        f"{message.platform}/{message.room_id}",
        lang,
        _slots(expected, where),
    )


def _slots(expected: dict[str, Any], where: str) -> tuple[Slot, ...]:
    try:
        return tuple(Slot(str(one["kind"]), str(one["text"])) for one in expected.get("slots", ()))
    except (TypeError, KeyError) as error:
        raise OperatorError(
            f'{where}: expected.slots is no list of {{"kind": "…", "text": "…"}}'
        ) from error


def _reason(error: ValidationError, *parents: str) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join([*parents, *(str(part) for part in first["loc"])])
    return f"{place}: {first['msg'].removeprefix('Value error, ')}"


def _labels(row: dict[str, Any], where: str, remedy: str) -> tuple[str, ...]:
    if "labels" in row and "label" in row:
        raise OperatorError(f"{where} has both label and labels; leave one of them out")
    labels = row.get("labels", row.get("label"))
    if isinstance(labels, str):
        labels = [labels]
    if (
        not isinstance(labels, list)
        or not labels
        or not all(isinstance(label, str) and label.strip() for label in labels)
    ):
        raise OperatorError(f"{where} has no labels; give {remedy}")
    if any("\ud800" <= character <= "\udfff" for label in labels for character in label):
        raise OperatorError(
            f"{where} has a label with half a surrogate pair (\\ud800 to \\udfff), which is no "
            "character; write the label anew"
        )
    return tuple(dict.fromkeys(labels))


def plain_message(text: str, number: int) -> Message:
    """Return a message around a text of which nothing else is known."""
    ids = {"platform": "data", "room_id": str(number), "message_id": str(number), "user_id": "data"}
    return Message(**ids, kind=Kind.COMMENT, text=text, sent_at=_NO_TIME)
