"""What people see: tables on stdout, text and progress on stderr; and JSON lines for programs."""

from __future__ import annotations

import json
import os
import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from intent.model.errors import OperatorError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

_CONTROLS = re.compile("[\x7f-\x9f\u2028\u2029]")
"""Characters that JSON lets stand, and that a terminal obeys or a reader of lines breaks at."""


@cache
def people() -> Console:
    """Return the console for text, progress and errors for people, on stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, emoji=False)


def say(text: str) -> None:
    """Tell people something on stderr, as it is: what looks like markup or the name of an emoji
    stays text, and no line is broken.
    """
    people().print(text, markup=False, soft_wrap=True)


def fail(text: str) -> None:
    """Tell people what went wrong, in one sentence."""
    people().print("error:", style="bold red", end=" ")
    say(text)


def results() -> Console:
    """Return the console for results on stdout; wide enough for a table when stdout is no
    terminal.
    """
    from rich.console import Console

    class Results(Console):
        def on_broken_pipe(self) -> None:
            _leave_quietly()

    return Results(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 160)


def _leave_quietly() -> NoReturn:
    # The reader has seen enough (such as `| head`): nothing is wrong, and Python must not complain
    # when it flushes at the end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(0)


def json_line(value: Mapping[str, Any]) -> None:
    """Print one JSON object on a line of stdout."""
    text = json.dumps(value, ensure_ascii=False)
    # Of plain text nothing is left to escape but this one sign: it need not be looked through.
    if not text.isascii() or "\x7f" in text:
        text = _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    plain_line(text)


def plain_line(text: str) -> None:
    """Print text on a line of stdout as it is; a console would take longer over each line than the
    model over most messages.
    """
    with _reader_may_leave():
        sys.stdout.write(f"{text}\n")


def write_output(output: Path, text: str) -> None:
    """Write a file that ``--output`` names.

    Raises:
        OperatorError: it cannot be written.
    """
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OperatorError(
            f"{output} cannot be written ({error.strerror}); give another place with --output"
        ) from error


def flush() -> None:
    """Hand what was printed on to the reader now."""
    with _reader_may_leave():
        sys.stdout.flush()


@contextmanager
def _reader_may_leave() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        _leave_quietly()


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
    from rich import progress

    columns = (
        progress.SpinnerColumn(),
        progress.TextColumn("[progress.description]{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.fields[note]}"),
    )
    with progress.Progress(
        *columns, console=people(), transient=False, disable=not people().is_terminal
    ) as bar:
        yield bar, bar.add_task(title, total=total, note="")
