"""A file as it is read: unpacked, in UTF-8, looked at before it is read, more than once where it
can be.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import chain
from threading import Event

from intent.model.errors import Malformed
from intent.sources.decoding import in_utf8
from intent.sources.files.head import HEAD_BYTES, Head
from intent.sources.files.unpacking import unpacked
from intent.sources.lines import read_chunks


class OpenedFile:
    """An open descriptor: a file can be read again from its beginning, a pipe is read once."""

    def __init__(self, descriptor: int, name: str, stop: Event | None = None) -> None:
        """Prepare to read.

        Args:
            descriptor: the caller closes it.
            name: what to call it in dead letters.
            stop: once set, nothing more is read.
        """
        self._descriptor, self._stop = descriptor, stop
        self.name = name.encode("utf-8", "backslashreplace").decode("utf-8")
        self.at_end = False
        """Whether the end was read in the last pass."""
        self.broken: str | None = None
        """Why already its first bytes cannot be read, if they are broken."""
        try:
            self._start: int | None = os.lseek(descriptor, 0, os.SEEK_CUR)
        except OSError:
            self._start = None
        self._looked_at: list[bytes] = []
        self._rest = self._pass()

    @property
    def again(self) -> bool:
        """Whether it can be read more than once."""
        return self._start is not None

    def look(self, enough: Callable[[Head], bool]) -> Head:
        """Return its first bytes.

        Args:
            enough: asked when a pipe pauses: whether what has come tells what it is. Without that a
                pipe is waited for until 256 KB are there or it ends.
        """
        try:
            return self._look(enough)
        except Malformed as error:
            self._rest, self.broken = _raising(error), str(error)
            return self._head(complete=False)

    def _look(self, enough: Callable[[Head], bool]) -> Head:
        size, asked = 0, 0
        for chunk in self._rest:
            if chunk is None:
                if size > asked and enough(self._head(complete=False)):
                    break
                asked = size
                continue
            # Before the first message there may be much that is blank, and memory is bounded.
            part = chunk if size else chunk.lstrip()
            if part:
                self._looked_at.append(part)
                size += len(part)
            if size >= HEAD_BYTES:
                break
        else:
            return self._head(complete=True)
        return self._head(complete=False)

    def chunks(self) -> Iterator[bytes | None]:
        """Yield all of it, in UTF-8 and without a byte order mark, and None whenever a pipe is
        silent. Of a pipe this can be asked once, and after :meth:`look`.

        Raises:
            Malformed: it is gzip that is broken, or an archive.
        """
        if self._start is None:
            return chain(self._looked_at, self._rest)
        os.lseek(self._descriptor, self._start, os.SEEK_SET)
        return self._pass()

    def _head(self, *, complete: bool) -> Head:
        return Head(b"".join(self._looked_at), complete=complete)

    def _pass(self) -> Iterator[bytes | None]:
        self.at_end = False
        return in_utf8(unpacked(read_chunks(self._descriptor, self._stop, self._ended)))

    def _ended(self) -> None:
        self.at_end = True


def _raising(error: Malformed) -> Iterator[bytes | None]:
    raise error
    yield None
