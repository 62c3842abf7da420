"""A file in which batches wait while the database is away: in order, durable, bounded in bytes."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from intent.model.batch import Batch, Refused
from intent.model.errors import Later, OperatorError

SUFFIX = ".spool"
_BATCH = TypeAdapter(Batch)


class _Payload(BaseModel):
    """A refused payload; its bytes need not be text."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    reason: str
    payload: bytes
    digest: str
    position: str


class _Line(BaseModel):
    """A batch as it stands in the file."""

    batch: str
    refused: list[_Payload]


class SpoolFull(Later):
    """The spool holds as many bytes as it may: what comes now has to wait."""


class FileSpool:
    """Batches as lines of JSON in one file, for one process; what a killed process left is read by
    the next one, and to put it twice does no harm.
    """

    def __init__(self, folder: Path, *, limit: int) -> None:
        """Take over what earlier processes left in ``folder``, and go on with it.

        Args:
            limit: bytes that the file may hold.

        Raises:
            OperatorError: nothing can be written there.
        """
        self._limit = limit
        self._file = _left_behind(folder) or folder / f"intent-{os.getpid()}{SUFFIX}"
        self._at = 0
        try:
            self._descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._size = self._whole_lines()
            os.ftruncate(self._descriptor, self._size)
        except OSError as error:
            raise OperatorError(
                f"the spool {self._file} cannot be written ({error.strerror}); make its folder "
                "writable, or set INTENT_SPOOL_DIR"
            ) from error

    @property
    def path(self) -> Path:
        """Where the batches wait."""
        return self._file

    @property
    def waiting(self) -> bool:
        """Whether any batch waits."""
        return self._at < self._size

    def append(self, batch: Batch) -> None:
        """Keep a batch durably behind those that wait.

        Raises:
            SpoolFull: there is no room for it.
        """
        line = _written(batch) + b"\n"
        if self._size + len(line) > self._limit:
            raise SpoolFull(f"the spool {self._file} is full; {self._limit:,} bytes wait already")
        os.write(self._descriptor, line)
        os.fsync(self._descriptor)
        self._size += len(line)

    def drain(self, put: Callable[[Batch], object]) -> None:
        """Hand what waits to ``put``, oldest first, and forget it; an error leaves the rest."""
        for batch, end in self._batches():
            put(batch)
            self._at = end
        os.ftruncate(self._descriptor, 0)
        self._at = self._size = 0

    def close(self) -> None:
        """Leave the file; it goes when nothing waits in it."""
        if not self.waiting:
            self._file.unlink(missing_ok=True)
        os.close(self._descriptor)

    def _whole_lines(self) -> int:
        """Return where the last whole line ends: a crash may have cut one while it was written."""
        content = self._file.read_bytes()
        return content.rfind(b"\n") + 1

    def _batches(self) -> Iterator[tuple[Batch, int]]:
        with self._file.open("rb") as lines:
            lines.seek(self._at)
            while line := lines.readline():
                yield _read(line), lines.tell()


def _written(batch: Batch) -> bytes:
    rest = _BATCH.dump_json(replace(batch, refused=())).decode("utf-8")
    refused = [_Payload.model_validate(asdict(one)) for one in batch.refused]
    return _Line(batch=rest, refused=refused).model_dump_json().encode("utf-8")


def _read(line: bytes) -> Batch:
    read = _Line.model_validate_json(line)
    refused = [Refused(**dict(one)) for one in read.refused]
    return replace(_BATCH.validate_json(read.batch), refused=refused)


def _left_behind(folder: Path) -> Path | None:
    """Return a spool that a process has left and that nobody holds."""
    for path in sorted(folder.glob(f"intent-*{SUFFIX}")):
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return path
        except OSError:
            continue
    return None
