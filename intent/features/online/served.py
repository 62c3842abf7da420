"""The log of served vectors: what a ranker was given, sampled by hash, so that it can be recomputed
later.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from intent.features.definitions.status import Status
from intent.features.online.read import FeatureTable
from intent.model.errors import OperatorError
from intent.store.times import microseconds


@dataclass(frozen=True, slots=True)
class Served:
    """One vector as it was served.

    Attributes:
        at: the instant that was asked for, microseconds.
        read: when it was read, microseconds; what was stored by then was known.
        values: by feature; None is missing.
    """

    feature_set: str
    version: str
    at: int
    read: int
    keys: Mapping[str, str]
    values: Mapping[str, Any]


class ServedLog:
    """Appends a share of what is served to a file of JSON lines; whether a vector is taken depends
    on its keys and time alone.
    """

    def __init__(self, path: Path, share: float = 0.01) -> None:
        self._path, self._limit = path, int(share * 2**64)

    def write(
        self, table: FeatureTable, entity_rows: Mapping[str, Sequence[str]], read: datetime
    ) -> int:
        """Append the vectors that are sampled; return how many."""
        lines = []
        for number in range(len(next(iter(entity_rows.values()), ()))):
            keys = {name: column[number] for name, column in entity_rows.items()}
            if _hash(keys, microseconds(table.at)) >= self._limit:
                continue
            served = {
                "set": table.feature_set.name,
                "version": table.feature_set.version,
                "at": microseconds(table.at),
                "read": microseconds(read),
                "keys": keys,
                "values": {name: plain(column[number]) for name, column in table.columns.items()},
            }
            lines.append(json.dumps(served, ensure_ascii=False) + "\n")
        with self._path.open("a", encoding="utf-8") as log:
            fcntl.flock(log, fcntl.LOCK_EX)  # an erasure may be rewriting it
            log.write("".join(lines))
            log.flush()
        return len(lines)


def read_served(path: Path) -> Iterator[Served]:
    """Yield what was served.

    Raises:
        OperatorError: a line is not what :class:`ServedLog` writes.
    """
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                one = json.loads(line)
                yield Served(
                    one["set"],
                    one["version"],
                    int(one["at"]),
                    int(one["read"]),
                    one["keys"],
                    one["values"],
                )
            except (ValueError, KeyError, TypeError) as error:
                raise OperatorError(
                    f"line {number} of {path} is no served vector; write the log with: intent "
                    f"features read --log {path}"
                ) from error


def sift_served(path: Path, keep: Callable[[list[dict[str, Any]]], list[bool]]) -> int:
    """Rewrite a log in place without some vectors; return how many went. Who serves meanwhile waits
    for it.

    Args:
        keep: says of vectors, each by its keys, which of them stay.
    """
    with path.open("r+", encoding="utf-8") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        lines = log.readlines()
        stay = keep([_keys(line) for line in lines])
        if not all(stay):
            log.seek(0)
            log.writelines(line for line, stays in zip(lines, stay, strict=True) if stays)
            log.truncate()
            log.flush()
            os.fsync(log.fileno())
    return stay.count(False)


def _keys(line: str) -> dict[str, Any]:
    try:
        keys = json.loads(line)["keys"]
    except (ValueError, KeyError, TypeError):
        return {}  # whoever reads the log is told
    return keys if isinstance(keys, dict) else {}


def plain(value: Any) -> Any:
    """Return a value as JSON carries it: missing is None."""
    if value is None or isinstance(value, str | list):
        return value
    return None if math.isnan(value) else float(value)


def statuses(table: FeatureTable, number: int) -> dict[str, str]:
    """Return the status of every value of one row, in words."""
    return {name: Status(status[number]).word for name, status in table.statuses.items()}


def _hash(keys: Mapping[str, str], at: int) -> int:
    content = json.dumps([sorted(keys.items()), at]).encode("utf-8")
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")
