"""What people see: tables on stdout, text and progress on stderr; and JSON lines for programs."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

_CONTROLS = re.compile("[\x7f-\x9f\u2028\u2029]")
"""Characters that JSON lets stand, and that a terminal obeys or a reader of lines breaks at."""


class _Results(Console):
    def on_broken_pipe(self) -> None:
        # The reader has seen enough (such as `| head`): nothing is wrong, and Python must not
        # complain when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0)


people = Console(stderr=True, highlight=False)
"""Text, progress and errors for people."""


def say(text: str) -> None:
    """Tell people something on stderr, as it is: what looks like markup stays text, and no line is
    broken.
    """
    people.print(text, markup=False, soft_wrap=True)


def fail(text: str) -> None:
    """Tell people what went wrong, in one sentence."""
    people.print("error:", style="bold red", end=" ")
    say(text)


def results() -> Console:
    """Return the console for results on stdout; wide enough for a table when stdout is no
    terminal.
    """
    return _Results(highlight=False, width=None if sys.stdout.isatty() else 160)


def json_line(value: Mapping[str, Any]) -> None:
    """Print one JSON object on a line of stdout."""
    with _reader_may_leave():
        sys.stdout.write(
            _CONTROLS.sub(
                lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False)
            )
            + "\n"
        )


def flush() -> None:
    """Hand what was printed on to the reader now."""
    with _reader_may_leave():
        sys.stdout.flush()


@contextmanager
def _reader_may_leave() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        # The reader has seen enough (such as `| head`): nothing is wrong, and Python must not
        # complain when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None


def one_line(text: str, width: int) -> str:
    """Return text that cannot disturb a terminal: one line, no control or invisible characters, at
    most ``width`` characters.
    """
    visible = "".join(
        " " if character.isspace() else character
        for character in text
        if unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co"} or character.isspace()
    )
    shown = " ".join(visible.split())
    return shown if len(shown) <= width else shown[: width - 1] + "…"


@contextmanager
def progress_bar(title: str, total: int | None) -> Iterator[tuple[Progress, Any]]:
    """Show a progress bar on stderr when a terminal is attached; yields the bar and its task."""
    columns = (
        SpinnerColumn(),
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns,
        TextColumn("{task.fields[note]}"),
        console=people,
        transient=False,
        disable=not people.is_terminal,
    ) as bar:
        yield bar, bar.add_task(title, total=total, note="")


@contextmanager
def stopping() -> Iterator[Event]:
    """Yield an event that SIGTERM or the first SIGINT sets; a second SIGINT interrupts at once."""
    stop = Event()

    def leave(number: int, _frame: Any) -> None:
        stop.set()
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
