"""Reads the records of a file of conversions: CSV with a header, JSON, or JSON lines."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any, BinaryIO

import ijson

from intent.model.errors import Malformed, WrongUse

LONGEST = 1_000_000
"""Longest line, in bytes."""

_DELIMITERS = ",;\t|"
_WORD = re.compile(r"[\s_\-./]+")
_PARAMETERS = re.compile(r"#?\s*parameters:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """A line that was not taken; ``position`` says where it stands, ``reason`` quotes nothing."""

    position: str
    reason: str


class Fields:
    """The fields of one record, found by name however that is written.

    ``Order ID``, ``order_id`` and ``order id`` are one name; empty is as not there.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self._named = {plain_name(str(key)): value for key, value in values.items()}

    def text(self, *names: str) -> str | None:
        """Return the first of these fields that holds something, as stripped text.

        Raises:
            Malformed: it holds a list or an object.
        """
        for name in names:
            value = self._named.get(plain_name(name))
            if isinstance(value, dict | list):
                raise Malformed(f"{name} is no plain value")
            if value is None or isinstance(value, bool):
                continue
            if isinstance(value, Decimal) and value == value.to_integral_value():
                value = int(value)
            if text := str(value).strip():
                return text
        return None

    def must(self, *names: str) -> str:
        """Return it as :meth:`text` does.

        Raises:
            Malformed: none holds anything.
        """
        found = self.text(*names)
        if found is None:
            raise Malformed(f"{names[0]} is missing")
        return found

    def part(self, name: str) -> Fields:
        """Return the fields of an object within; empty where there is none."""
        value = self._named.get(plain_name(name))
        return Fields(value if isinstance(value, dict) else {})

    def parts(self, name: str) -> list[Fields]:
        """Return the fields of each object of a list within."""
        value = self._named.get(plain_name(name))
        listed = value if isinstance(value, list) else []
        return [Fields(one) for one in listed if isinstance(one, dict)]

    def flag(self, name: str) -> bool:
        """Whether a field says yes."""
        value = self._named.get(plain_name(name))
        return value is True or str(value).strip().casefold() in {"true", "yes", "1"}

    def has(self, name: str) -> bool:
        """Whether the record has a field of this name, be it empty."""
        return plain_name(name) in self._named


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A record, and where it stands: a line, or its number in a JSON list.

    Attributes:
        parameters: what the file says of all its records, such as Google's ``TimeZone``.
    """

    position: str
    fields: Fields
    parameters: Mapping[str, str]


def plain_name(name: str) -> str:
    """Return a name of a field as all its spellings are known by."""
    return _WORD.sub(" ", name).strip().casefold()


def read_records(stream: BinaryIO) -> Iterator[FileRecord | RefusedRecord]:
    """Yield the records of a seekable stream of UTF-8.

    Raises:
        WrongUse: it is empty, or no CSV with a header and no JSON.
    """
    start = stream.read(4096).lstrip()
    stream.seek(0)
    if not start:
        raise WrongUse("the file is empty")
    if start[:1] == b"[":
        yield from _listed(stream)
    elif start[:1] == b"{":
        yield from _lines_or_one(stream)
    else:
        yield from _rows(stream)


def _listed(stream: BinaryIO) -> Iterator[FileRecord | RefusedRecord]:
    try:
        for number, value in enumerate(ijson.items(stream, "item"), 1):
            yield _record(f"record {number}", value)
    except ijson.JSONError as error:
        yield RefusedRecord("the rest of the file", f"no JSON: {str(error).splitlines()[0]}")


def _lines_or_one(stream: BinaryIO) -> Iterator[FileRecord | RefusedRecord]:
    first = stream.readline(LONGEST)
    stream.seek(0)
    try:
        json.loads(first)
    except ValueError:
        yield _whole(stream)
        return
    for number, line in enumerate(iter(lambda: stream.readline(LONGEST), b""), 1):
        if line.strip():
            yield _parsed(f"line {number}", line)


def _whole(stream: BinaryIO) -> FileRecord | RefusedRecord:
    return _parsed("the file", stream.read())


def _parsed(position: str, text: bytes) -> FileRecord | RefusedRecord:
    try:
        return _record(position, json.loads(text, parse_float=Decimal))
    except UnicodeDecodeError:
        return RefusedRecord(position, "no UTF-8")
    except (ValueError, RecursionError):
        return RefusedRecord(position, "no JSON")


def _record(position: str, value: Any) -> FileRecord | RefusedRecord:
    if not isinstance(value, dict):
        return RefusedRecord(position, "no JSON object")
    return FileRecord(position, Fields(value), {})


def _rows(stream: BinaryIO) -> Iterator[FileRecord | RefusedRecord]:
    text = io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape", newline="")
    parameters: dict[str, str] = {}
    skipped = 0
    for line in text:
        if line.strip() and not _PARAMETERS.match(line.strip('" \r\n')):
            break
        parameters.update(_parameters(line))
        skipped += 1
    else:
        raise WrongUse("the file has no header")
    delimiter = max(_DELIMITERS, key=line.count)
    reader = csv.reader(chain([line], text), delimiter=delimiter)
    header = [name.strip() for name in next(reader)]
    if len(header) < 2:
        raise WrongUse("the file is neither JSON nor a CSV whose first line names its columns")
    yield from _under(header, reader, parameters, skipped)


def _under(
    header: list[str], reader: Any, parameters: Mapping[str, str], skipped: int
) -> Iterator[FileRecord | RefusedRecord]:
    while True:
        position = f"line {skipped + reader.line_num + 1}"
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield RefusedRecord(position, f"no CSV: {error}")
            continue
        if not any(cell.strip() for cell in row):
            continue
        if len(row) > len(header) and any(cell.strip() for cell in row[len(header) :]):
            yield RefusedRecord(position, f"{len(row)} cells under {len(header)} columns")
        elif any("\udc80" <= sign <= "\udcff" for cell in row for sign in cell):
            yield RefusedRecord(position, "bytes that are no UTF-8")
        else:
            yield FileRecord(position, Fields(dict(zip(header, row, strict=False))), parameters)


def _parameters(line: str) -> dict[str, str]:
    """Read ``Parameters:TimeZone=+0800;Currency=SGD``."""
    said = _PARAMETERS.sub("", line.strip().strip('"'), count=1)
    pairs = (part.partition("=") for part in re.split("[;,]", said))
    return {plain_name(name): value.strip() for name, sign, value in pairs if sign}
