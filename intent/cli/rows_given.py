"""Reads entity rows that are given to the command line: one JSON object of keys a line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from intent.model.errors import OperatorError


def read_entity_rows(path: str) -> dict[str, list[Any]]:
    """Return the keys of all rows, a list each; None where a row lacks one.

    Args:
        path: a file, or ``-`` for what is typed in.

    Raises:
        OperatorError: a line is no JSON object.
    """
    found: list[Mapping[str, Any]] = []
    with _opened(path) as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            if not isinstance(row, dict):
                raise OperatorError(
                    f'line {number} of {path} is no JSON object of keys, such as {{"platform": '
                    '"tiktok", "user_id": "u_1"}'
                )
            found.append(row)
    return {
        name: [row.get(name) for row in found]
        for name in dict.fromkeys(name for row in found for name in row)
    }


@contextmanager
def _opened(path: str) -> Iterator[IO[str]]:
    if path == "-":
        yield sys.stdin
    else:
        with Path(path).open(encoding="utf-8") as lines:
            yield lines
