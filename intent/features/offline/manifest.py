"""Keeps book of exported facts: which chunks of the created sequence are complete, and whose files
lie in the folder.
"""

from __future__ import annotations

import fcntl
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from intent.model.errors import OperatorError

FORM = 6
"""Form of the manifest; facts under an older one, which could not tell that an id was given out
again, took what hosts say for demand, or knew no prices, answers or categories, are written
anew.
"""

_OURS = re.compile(r"\d{12}-\d{12}\.(parquet|partial)")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span of the created sequence, with the number of its facts and a checksum over which
    decisions they are.
    """

    first: int
    last: int
    count: int
    checksum: int

    @property
    def stem(self) -> str:
        """What its files are called, without their ending."""
        return f"{self.first:012d}-{self.last:012d}"


class Manifest:
    """Which chunks of the created sequence are complete; a chunk that is not listed is written
    again.
    """

    def __init__(self, folder: Path, topics: list[str]) -> None:
        self._path = folder / "manifest.json"
        self._topics = topics
        self.chunks: list[Chunk] = []
        if self._path.exists():
            try:
                held = json.loads(self._path.read_text(encoding="utf-8"))
                if held["topics"] != topics:
                    raise OperatorError(
                        f"the facts in {folder} were exported under another taxonomy; export into "
                        "an empty folder"
                    )
                if held.get("form") == FORM:
                    self.chunks = [
                        Chunk(
                            *(int(chunk[name]) for name in ("first", "last", "count", "checksum"))
                        )
                        for chunk in held["chunks"]
                    ]
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise OperatorError(
                    f"{self._path} is no manifest of facts; export into an empty folder"
                ) from error

    @property
    def last_id(self) -> int:
        """Up to which id of the created sequence all is written."""
        return self.chunks[-1].last if self.chunks else 0

    @property
    def total(self) -> int:
        """How many facts there are."""
        return sum(chunk.count for chunk in self.chunks)

    def put(self, number: int, chunk: Chunk) -> None:
        """List a chunk, in the place of the one of this number if there is one."""
        self.chunks[number : number + 1] = [chunk]
        partial = self._path.with_suffix(".partial")
        held = {
            "form": FORM,
            "topics": self._topics,
            "chunks": [asdict(chunk) for chunk in self.chunks],
        }
        partial.write_text(json.dumps(held), encoding="utf-8")
        partial.replace(self._path)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other exports out of the folder, for one would remove what the other has not listed yet;
    the lock ends with the process.
    """
    with (folder / "export.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OperatorError(
                f"another export writes into {folder}; wait until it is done, then start this one "
                "again"
            ) from error
        yield


def remove_unlisted(folder: Path, listed: set[str]) -> None:
    """Remove what a stopped export left.

    Raises:
        OperatorError: there is a file that no export wrote.
    """
    found = [
        path for suffix in ("parquet", "partial") for path in folder.glob(f"date=*/*.{suffix}")
    ]
    foreign = [path for path in found if not _OURS.fullmatch(path.name)]
    if foreign:
        raise OperatorError(
            f"{foreign[0]} was not written by an export, and a build would read it; export into an "
            "empty folder"
        )
    for path in found:
        if path.stem not in listed or path.suffix == ".partial":
            path.unlink()
