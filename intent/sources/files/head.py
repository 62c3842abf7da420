"""The first bytes of a file, and what their structure says: which kinds of file it can be."""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import Any

from intent.sources.files.sheets import Sheet, sheet_of
from intent.sources.records import records_in

HEAD_BYTES = 262_144
_LOOKED_AT = 200
"""Records of which the kind is told."""

_TOKEN = re.compile(rb'"((?:[^"\\]++|\\.)*+)"(\s*:)?|[\[\]{}]', re.DOTALL)
_JSON = re.compile(rb"\s*(?:\{|\[\s*[\[{\]])")


class Head:
    """The first bytes of a file, unpacked and in UTF-8.

    Attributes:
        text: the bytes.
        complete: whether they are all of it.
    """

    def __init__(self, text: bytes, *, complete: bool) -> None:
        self.text, self.complete = text, complete

    @cached_property
    def is_json(self) -> bool:
        """Whether it begins as JSON does; a chat's line may begin with ``[``, too."""
        return _JSON.match(self.text) is not None

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """The JSON objects that it begins with: one a line, or the items of an array."""
        found: list[dict[str, Any]] = []
        for record in records_in(iter([self.text]), len(self.text)):
            if record is None or not record.payload.startswith(b"{"):
                continue  # a program may say a word before it writes
            try:
                value = json.loads(record.payload)
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict):
                found.append(value)
            if len(found) >= _LOOKED_AT:
                break
        return found

    @cached_property
    def members(self) -> frozenset[str]:
        """The names in the one JSON object that it begins with, as far as they are to be seen."""
        depth, names = 0, set()
        for token in _TOKEN.finditer(self.text) if self.text.lstrip()[:1] == b"{" else ():
            if token[1] is not None:
                if depth == 1 and token[2]:
                    names.add(token[1].decode("utf-8", "replace"))
            else:
                depth += 1 if token[0] in b"[{" else -1
                if depth == 0:
                    break
        return frozenset(names)

    @cached_property
    def sheet(self) -> Sheet | None:
        """What it says as a sheet; None if it is none."""
        return None if self.is_json else sheet_of(self.text, complete=self.complete)

    @cached_property
    def lines(self) -> list[str]:
        """Its whole lines, as text."""
        lines = re.split(r"\r\n|\r|\n", self.text.decode("utf-8", "replace"))
        return lines if self.complete else lines[:-1]
