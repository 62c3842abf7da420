"""Runs any program that writes messages in the wire shape, one JSON object a line, and reads what
it writes (``exec:``).
"""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Iterator, Sequence
from subprocess import DEVNULL, PIPE, Popen
from threading import Event

from intent.model.batch import Batch, Refused
from intent.model.errors import OperatorError, SourceLost, WrongUse
from intent.model.message import Message
from intent.sources.declaration import Declaration
from intent.sources.door import MAX_PAYLOAD_BYTES, Door, refused
from intent.sources.gather import gathered
from intent.sources.lines import Line, read_chunks, split_lines

DECLARATION = Declaration(
    scheme="exec",
    title="Any program",
    example='exec:"./room --shop 17"',
    needs=(
        "A program that writes messages in the wire shape to its output, one JSON object a line",
    ),
    keeps=("What the program has written is stored before more is read from it",),
    cannot=("What the platform said while the program did not run is lost",),
    start="intent listen 'exec:./room --shop 17'",
)


def split_command(target: str) -> list[str]:
    """Return the words of a command, as a shell would split them.

    Raises:
        WrongUse: a quote is not closed.
    """
    try:
        return shlex.split(target)
    except ValueError as error:
        raise WrongUse(f"exec:{target} is no command: {error}") from error


class ProgramSource:
    """Reads the output of a program until it ends."""

    def __init__(
        self, command: Sequence[str], name: str, *, stop: Event, door: Door | None = None
    ) -> None:
        """Prepare to run it.

        Args:
            command: its words; no shell reads them.
            name: what to call it in dead letters.
            stop: set to leave.
            door: the rules that lines must keep; without it those of every source.
        """
        self._command, self._name, self._stop = command, name, stop
        self._door = door or Door()

    def read(self) -> Iterator[Batch]:
        """Yield what the program writes.

        Raises:
            SourceLost: it ended with an error.
            OperatorError: there is no such program.
        """
        try:
            program = Popen(self._command, stdin=DEVNULL, stdout=PIPE, start_new_session=True)  # noqa: S603
        except OSError as error:
            raise OperatorError(
                f"{self._command[0]} cannot be run ({error.strerror}); give the path of a program"
            ) from error
        with program:
            assert program.stdout is not None
            try:
                yield from gathered(self._read(program.stdout.fileno()))
            finally:
                if self._stop.is_set():
                    os.killpg(program.pid, signal.SIGTERM)
        if program.returncode:
            raise SourceLost(f"the program ended with exit code {program.returncode}")

    def _read(self, descriptor: int) -> Iterator[Message | Refused | None]:
        chunks = _at_once(read_chunks(descriptor, self._stop))
        for line in split_lines(chunks, MAX_PAYLOAD_BYTES + 1):
            if line is None:
                yield None
            elif line.payload.strip():
                yield self._parsed(line)

    def _parsed(self, line: Line) -> Message | Refused:
        position = f"{self._name} line {line.number}"
        if line.size > MAX_PAYLOAD_BYTES:
            reason = f"the line is {line.size} bytes long, the limit is {MAX_PAYLOAD_BYTES}"
            return refused(reason, line.payload, position, digest=line.digest)
        return self._door.payload(line.payload, position, digest=line.digest)


def _at_once(chunks: Iterator[bytes | None]) -> Iterator[bytes | None]:
    """Yield a pause after every chunk, so that what came is handed on and waits for no more."""
    for chunk in chunks:
        yield chunk
        if chunk is not None:
            yield None
