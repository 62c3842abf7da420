"""Runs a program in a process group of its own: read at once, logged in bounds, and ended whole."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from select import select
from threading import Event, Thread
from typing import IO

from intent.model.errors import OperatorError
from intent.sources.lines import CHUNK_BYTES, IDLE_SECONDS, read_chunks, split_lines
from intent.telemetry import logger

LOGGED_CHARACTERS = 500
"""A line of the program's log is cut here."""

LOGGED_AT_ONCE, LOGGED_EVERY = 100, 10.0
"""So many lines of it in so many seconds; the rest is counted."""

LOOK_SECONDS = 0.02


class Child:
    """A running program. Its standard input stays open as long as we live, so that a program that
    writes nothing can see us go.
    """

    def __init__(
        self,
        command: Sequence[str],
        name: str,
        environment: Mapping[str, str],
        *,
        grace: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start it.

        Args:
            command: its words; no shell reads them.
            name: what to call it in the log.
            environment: all of its variables.
            grace: seconds between SIGTERM and SIGKILL.
            clock: monotonic time in seconds.

        Raises:
            OperatorError: there is no such program, or it cannot be run.
        """
        self._name, self._grace, self._clock = name, grace, clock
        try:
            self._process = subprocess.Popen(  # noqa: S603  what the operator wants to run
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(environment),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:  # a NUL in a word is a ValueError
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise OperatorError(
                f"{command[0]} cannot be run ({why}); give the path of a program"
            ) from error
        self._told_to_leave: float | None = None
        self._over = Event()
        self._log = Thread(target=self._log_errors, name=f"log of {name}", daemon=True)
        self._log.start()

    @property
    def has_ended(self) -> bool:
        """Whether the program itself has ended; what it has started may still run."""
        # Not reaped yet: its number must stay its own until the whole group is gone.
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, flags) is not None

    def output(self, stop: Event) -> Iterator[bytes | None]:
        """Yield what it writes as it comes, each time followed by None, and None whenever it is
        silent for 0.2 seconds, up to its end. Once ``stop`` is set it is asked to leave, and what
        it still writes within the grace time is yielded without pauses.
        """
        descriptor = _open(self._process.stdout).fileno()
        while True:
            if stop.is_set() and self._time_is_over():
                return
            if select([descriptor], [], [], IDLE_SECONDS)[0]:
                chunk = os.read(descriptor, CHUNK_BYTES)
                if not chunk:
                    return
                yield chunk
            elif self.has_ended:
                return  # something that it has started holds its output
            if not stop.is_set():
                yield None

    def may_end(self) -> Iterator[None]:
        """Yield now and then until it has ended by itself, or the grace time is over."""
        due = self._clock() + self._grace
        while not self.has_ended and self._clock() < due:
            time.sleep(LOOK_SECONDS)
            yield None

    def end(self) -> int:
        """End the program and all that it has started, and return its exit code: negative for a
        signal.
        """
        while not self.has_ended and not self._time_is_over():
            time.sleep(LOOK_SECONDS)
        self._signal(signal.SIGKILL)
        code = self._process.wait()
        self._over.set()
        self._log.join(1.0)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            with contextlib.suppress(BrokenPipeError):
                _open(pipe).close()
        return code

    def _time_is_over(self) -> bool:
        """Ask it to leave, the first time; say whether its grace time is over."""
        if self._told_to_leave is None:
            self._told_to_leave = self._clock()
            self._signal(signal.SIGTERM)
        return self._clock() - self._told_to_leave >= self._grace

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _log_errors(self) -> None:
        chunks = read_chunks(_open(self._process.stderr).fileno(), self._over)
        log, left_out, since, lines = logger("program"), 0, self._clock(), 0
        for line in split_lines(chunks, LOGGED_CHARACTERS):
            if self._clock() - since >= LOGGED_EVERY:
                if left_out:
                    log.warning("lines left out", source=self._name, count=left_out)
                left_out, since, lines = 0, self._clock(), 0
            if line is None or not line.payload.strip():
                continue
            lines += 1
            if lines <= LOGGED_AT_ONCE:
                log.info("said", source=self._name, line=line.payload.decode("utf-8", "replace"))
            else:
                left_out += 1


def _open(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # all three were asked for
    return pipe
