"""Reads wire messages to measure on: lines that are none are left out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from intent.model.errors import Malformed
from intent.model.message import Message, parse_message


def wire_messages(path: Path) -> Iterator[Message]:
    """Yield the messages of a JSONL file, in order.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as lines:
        for line in lines:
            try:
                yield parse_message(line)
            except Malformed:
                continue
