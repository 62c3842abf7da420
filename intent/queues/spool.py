"""A file in which batches wait while the database is away: in order, durable, bounded in bytes."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict, TypeAdapter

from intent.model.batch import Batch, Refused
from intent.model.errors import Later, OperatorError
from intent.ports.ingestion import Sealing
from intent.store.line_seal import Unsealed

SUFFIX = ".spool"
AT_ONCE = 500
"""Payloads that are joined, before the last batch."""

MAX_PAYLOAD_BYTES = 65_536
"""A line that cannot be read is kept up to here as a dead letter."""

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

    Many threads may append, also while one drains; a put then holds up none of them.
    """

    def __init__(
        self,
        folder: Path,
        *,
        limit: int,
        together: int = 1,
        sealing: Sealing | None = None,
    ) -> None:
        """Take over what earlier processes left in ``folder``, and go on with it.

        Args:
            limit: bytes that the file may hold.
            sealing: what people wrote stands on the disk under it.
            together: batches that are joined, those of each source, before they are put: of live
                sources many small ones wait, and must be put faster than they come.

        Raises:
            OperatorError: nothing can be written there.
        """
        self._folder, self._limit, self._lock = folder, limit, Lock()
        self._together, self._sealing = together, sealing or Unsealed()
        try:
            self._open(*_fresh(folder))
            while not self.waiting and self._take_over():
                pass
        except OSError as error:
            raise OperatorError(
                f"the spool in {folder.absolute()} cannot be written ({error.strerror}); make that "
                "folder writable, or set INTENT_SPOOL_DIR"
            ) from error

    @property
    def path(self) -> Path:
        """Where the batches wait."""
        return self._file

    @property
    def waiting(self) -> bool:
        """Whether any batch waits."""
        return self._at < self._size

    def append(self, batch: Batch, *, beyond: bool = False) -> None:
        """Keep a batch durably behind those that wait.

        Args:
            beyond: the limit, too: what was read already has no other place when we leave.

        Raises:
            SpoolFull: there is no room for it, by the limit or on the disk.
        """
        line = self._sealing.seal(_written(batch)) + b"\n"
        with self._lock:
            self._append(line, beyond=beyond)

    def _append(self, line: bytes, *, beyond: bool) -> None:
        if self._size + len(line) > self._limit and not beyond:
            raise SpoolFull(f"the spool {self._file} is full; {self._limit:,} bytes wait already")
        try:
            _write(self._descriptor, line)
        except OSError as error:
            # A part of it would stand before the next one.
            os.ftruncate(self._descriptor, self._size)
            raise SpoolFull(f"the spool {self._file} takes no more: {error.strerror}") from error
        self._size += len(line)

    def drain(self, put: Callable[[Batch], object]) -> None:
        """Hand what waits to ``put``, oldest first, and forget it; an error leaves the rest. Then
        the same with what other processes have left.
        """
        more = True
        while more:
            for batches, end in self._windows():
                for batch in batches:
                    put(batch)
                self._at = end
            more = self._go_on()

    def _go_on(self) -> bool:
        """Forget what was handed over; say whether more came meanwhile or was left by others."""
        with self._lock:
            if self.waiting:
                return True
            os.ftruncate(self._descriptor, 0)
            self._at = self._size = 0
            return self._take_over()

    def close(self) -> None:
        """Leave the file; it goes when nothing waits in it."""
        if not self.waiting:
            self._file.unlink(missing_ok=True)
        os.close(self._descriptor)

    def _take_over(self) -> bool:
        """Leave this file for the next that a process has left; False where there is none."""
        left = _left_behind(self._folder)
        if left is not None:
            self.close()
            self._open(*left)
        return left is not None

    def _open(self, file: Path, descriptor: int) -> None:
        self._file, self._descriptor, self._at = file, descriptor, 0
        # A crash may have cut a line while it was written.
        self._size = file.read_bytes().rfind(b"\n") + 1
        os.ftruncate(descriptor, self._size)

    def _windows(self) -> Iterator[tuple[Sequence[Batch], int]]:
        with self._file.open("rb") as lines:
            lines.seek(self._at)
            while window := self._window(lines):
                yield joined(window), lines.tell()

    def _window(self, lines: BinaryIO) -> list[Batch]:
        window: list[Batch] = []
        payloads = 0
        # Not to the end of the file: a line may be half written there.
        while len(window) < self._together and payloads < AT_ONCE and lines.tell() < self._size:
            at = lines.tell()
            place = f"{self._file.name} byte {at}"
            batch = _read(lines.readline(), place, self._sealing)
            window.append(batch)
            payloads += len(batch.messages) + len(batch.refused)
        return window


def joined(batches: Sequence[Batch]) -> Sequence[Batch]:
    """Return batches with those of one source made one, in their order; a batch without a position
    is of any source.
    """
    if len(batches) < 2:
        return batches
    of_source: dict[str | None, list[Batch]] = {}
    for batch in batches:
        source = batch.position.source if batch.position is not None else None
        of_source.setdefault(source, []).append(batch)
    return [
        Batch(
            messages=[one for batch in own for one in batch.messages],
            refused=[one for batch in own for one in batch.refused],
            retractions=[one for batch in own for one in batch.retractions],
            gaps=[one for batch in own for one in batch.gaps],
            position=own[-1].position,
        )
        for own in of_source.values()
    ]


def sift_spools(
    folder: Path, sift: Callable[[Batch], Batch], sealing: Sealing | None = None
) -> int:
    """Rewrite what processes have left in a folder through ``sift``; return how many spools a
    running process holds, which are left as they are: what it puts is sifted then.
    """
    held, sealing = 0, sealing or Unsealed()
    for path in sorted(folder.glob(f"intent-*{SUFFIX}")):
        descriptor = _held(path)
        if descriptor is None:
            held += 1
            continue
        try:
            sifted = path.with_suffix(".sifted")
            with sifted.open("wb") as file:
                for line in path.read_bytes().splitlines(keepends=True):
                    sifted_batch = sift(_read(line, path.name, sealing))
                    file.write(sealing.seal(_written(sifted_batch)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            sifted.replace(path)
        finally:
            os.close(descriptor)
    return held


def _written(batch: Batch) -> bytes:
    rest = _BATCH.dump_json(replace(batch, refused=())).decode("utf-8")
    refused = [_Payload.model_validate(asdict(one)) for one in batch.refused]
    return _Line(batch=rest, refused=refused).model_dump_json().encode("utf-8")


def _write(descriptor: int, line: bytes) -> None:
    rest = memoryview(line)
    while rest:  # a disk that is nearly full takes a part
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)


def _read(line: bytes, position: str, sealing: Sealing) -> Batch:
    try:
        read = _Line.model_validate_json(sealing.unseal(line))
        refused = [Refused(**dict(one)) for one in read.refused]
        return replace(_BATCH.validate_json(read.batch), refused=refused)
    except ValueError:
        # What the disk has spoiled must not hold up what stands behind it.
        digest, kept = hashlib.sha256(line).hexdigest(), line[:MAX_PAYLOAD_BYTES]
        return Batch(refused=[Refused("is no batch of a spool", kept, digest, position)])


def _left_behind(folder: Path) -> tuple[Path, int] | None:
    """Return a spool that a process has left and that nobody holds, and hold it."""
    for path in sorted(folder.glob(f"intent-*{SUFFIX}")):
        try:
            held = _held(path)
        except OSError:
            continue
        if held is not None:
            return path, held
    return None


def _fresh(folder: Path) -> tuple[Path, int]:
    # Processes of several containers may have one number.
    for number in count():
        path = folder / f"intent-{os.getpid()}-{number}{SUFFIX}"
        held = _held(path, os.O_CREAT)
        if held is not None:
            return path, held
    raise AssertionError("numbers do not end")


def _held(path: Path, flags: int = 0) -> int | None:
    """Return a descriptor of a spool under its lock; None where somebody else has it, or it is
    gone.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    if os.fstat(descriptor).st_nlink:
        return descriptor
    os.close(descriptor)  # whoever had it took it away meanwhile
    return None
