"""Reads invented files in tests, as ``intent ingest`` would."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from intent.model.batch import Batch, Refused, Retraction
from intent.model.message import Message
from intent.sources.door import Door
from intent.sources.files.date_order import DateOrder
from intent.sources.files.file_source import FilePreview, FileSource
from intent.sources.files.told import told
from tests.conftest import EPOCH

NOW = EPOCH + timedelta(days=30)


@dataclass
class ReadFile:
    """What came of a file."""

    format: str
    preview: FilePreview
    skipped: Counter[str]
    broken: str | None
    messages: list[Message] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    retractions: list[Retraction] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]

    @property
    def reasons(self) -> list[str]:
        return [refused.reason for refused in self.refused]

    @property
    def times(self) -> list[str]:
        return [message.sent_at.strftime("%Y-%m-%dT%H:%M:%SZ") for message in self.messages]

    def add(self, batches: Iterable[Batch]) -> None:
        for batch in batches:
            self.messages += batch.messages
            self.refused += batch.refused
            self.retractions += batch.retractions


def read_descriptor(
    descriptor: int,
    *,
    format_name: str = "auto",
    date_order: str | None = None,
    now: datetime = NOW,
    room_ids: bool = False,
    **words: Any,
) -> ReadFile:
    source = FileSource(
        descriptor,
        "file",
        format_name=format_name,
        told=told(date_order=None if date_order is None else DateOrder(date_order), **words),
        door=Door(now=lambda: now, room_ids=room_ids),
    )
    read = ReadFile(source.format_name, source.preview(), source.skipped, None)
    read.add(source.read())
    read.broken = source.broken
    return read


def read_file(content: bytes | str, **words: Any) -> ReadFile:
    """Read the bytes of a file (or its text, in UTF-8) with what a person says about it."""
    with tempfile.TemporaryFile() as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.seek(0, io.SEEK_SET)
        return read_descriptor(file.fileno(), **words)


def read_pipe(content: bytes, **words: Any) -> ReadFile:
    """The same through a pipe, which can be read once; at most what a pipe holds."""
    reading, writing = os.pipe()
    try:
        os.write(writing, content)
        os.close(writing)
        return read_descriptor(reading, **words)
    finally:
        os.close(reading)


def json_lines(*records: object) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
