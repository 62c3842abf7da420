"""Reads labelled texts: our dataset's lines, or plain ``{"text", "labels"}`` lines of any taxonomy."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from intent.errors import OperatorError
from intent.message import Kind, Message

_NO_TIME = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled message.

    Attributes:
        group: examples of one group never stand on both sides of a split: the room, or the line itself where no room is known.
        lang: language as the data names it, or "".
    """

    message: Message
    labels: tuple[str, ...]
    group: str
    lang: str = ""


def read_examples(path: Path) -> list[Example]:
    """Read a JSONL file of labelled texts.

    Raises:
        OperatorError: the file cannot be read, or a line is no labelled text; the line is named.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path} cannot be read as UTF-8 text: {error}") from error
    examples = [_example(line, f"{path}, line {number}", number) for number, line in enumerate(lines, 1) if line.strip()]
    if not examples:
        raise OperatorError(f"{path} holds no labelled texts; give one JSON object a line with text and labels")
    return examples


def _example(line: str, where: str, number: int) -> Example:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise OperatorError(f"{where} is no JSON: {error.msg}") from error
    if not isinstance(row, dict):
        raise OperatorError(f'{where} is no JSON object; write {{"text": …, "labels": […]}}')
    try:
        if "input" in row:
            message = Message.model_validate(row["input"])
            return Example(
                message, _labels(row.get("expected", {}), where), f"{message.platform}/{message.room_id}", row.get("metadata", {}).get("lang", "")
            )
        return Example(plain_message(row["text"], number), _labels(row, where), str(number))
    except ValidationError as error:
        raise OperatorError(f"{where}: {error.errors(include_url=False)[0]['msg']} ({error.errors()[0]['loc']})") from error
    except KeyError as error:
        raise OperatorError(f"{where} has neither text nor input") from error


def _labels(row: dict[str, Any], where: str) -> tuple[str, ...]:
    labels = row.get("labels", row.get("label"))
    if isinstance(labels, str):
        labels = [labels]
    if not isinstance(labels, list) or not labels or not all(isinstance(label, str) and label for label in labels):
        raise OperatorError(f'{where} has no labels; give "labels": ["…"] or "label": "…"')
    return tuple(dict.fromkeys(labels))


def plain_message(text: str, number: int) -> Message:
    """Return a message around a text of which nothing else is known."""
    ids = {"platform": "data", "room_id": str(number), "message_id": str(number), "user_id": "data"}
    return Message(**ids, kind=Kind.COMMENT, text=text, sent_at=_NO_TIME)
