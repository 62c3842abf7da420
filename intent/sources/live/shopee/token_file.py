"""Keeps a pair of tokens over any kill: durable before anybody uses it, readable by its owner
alone, one process at a time.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pydantic import AwareDatetime, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from intent.model.errors import OperatorError

ROOM = 65_536
"""Bytes that are reserved for a pair before it is asked for: a full disk is noticed by then."""


@checked(frozen=True)
class KeptTokens:
    """A pair of tokens, and what is known of it.

    Attributes:
        access: opens the API for some hours.
        refresh: gets the next pair, once.
        expires: when ``access`` ends; None if that is not known.
        spent: SHA-256 of refresh tokens that were used up, oldest first.
        asked: since when a new pair is asked for whose arrival nobody has noted.
    """

    access: str
    refresh: str
    expires: AwareDatetime | None = None
    spent: tuple[str, ...] = ()
    asked: AwareDatetime | None = None

    def __repr__(self) -> str:
        return f"KeptTokens(expires={self.expires}, asked={self.asked})"


_KEPT = TypeAdapter(KeptTokens)


class TokenFile:
    """One file, with another beside it in which the next pair is written, and one to lock."""

    def __init__(self, folder: Path, name: str) -> None:
        """Name the file; the folder is made when it is needed."""
        self._folder, self._path = folder, folder / f"{name}.json"
        self._next, self._lock = folder / f"{name}.next", folder / f"{name}.lock"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes and threads out until the block ends.

        Raises:
            OperatorError: the file cannot be read or written.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
            finally:
                os.close(lock)
        except OSError as error:
            raise OperatorError(
                f"tokens cannot be kept in {self._folder.absolute()} ({error.strerror}); give that "
                "folder room and the right to write"
            ) from error

    def read(self) -> KeptTokens | None:
        """Return what was stored last; None if nothing ever was. Only while :meth:`alone`.

        Raises:
            OperatorError: the file holds something else.
        """
        finished = self._read(self._next)
        if finished is not None:
            # Written to its end, and killed before it had its name.
            self._name_it()
            return finished
        kept = self._read(self._path)
        if kept is None and self._path.exists():
            raise OperatorError(
                f"{self._path.absolute()} holds no tokens; delete it, and set new ones in the "
                "environment"
            )
        return kept

    def write(self, kept: KeptTokens) -> None:
        """Store a pair durably. Only while :meth:`alone`."""
        with self.reserved() as store:
            store(kept)

    @contextmanager
    def reserved(self) -> Iterator[Callable[[KeptTokens], None]]:
        """Reserve room on the disk for a pair, and hand over what stores it there, durably. Only
        while :meth:`alone`.
        """
        with open(os.open(self._next, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "r+b") as file:
            _write(file, b"")

            def store(kept: KeptTokens) -> None:
                _write(file, _KEPT.dump_json(kept))
                self._name_it()

            yield store

    def _name_it(self) -> None:
        self._next.replace(self._path)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @staticmethod
    def _read(path: Path) -> KeptTokens | None:
        try:
            return _KEPT.validate_json(path.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None


def _write(file: BinaryIO, content: bytes) -> None:
    # Padded, so that storing needs no more room than was reserved.
    file.seek(0)
    file.write(content.ljust(ROOM))
    file.flush()
    os.fsync(file.fileno())
