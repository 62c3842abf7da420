"""Structured logs on stderr. A log line never holds what people wrote; the debug log shows how a
reply of the LLM begins that cannot be read.
"""

from __future__ import annotations

import io
import logging
import re
import sys
import traceback
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    import structlog


_PLAIN = re.compile(r"""[^ \t=\r\n"']*""")
"""What is told without quotes."""


class _Stderr(io.TextIOBase):
    """Whatever stderr is by then. A line that cannot be written, because its disk is full or its
    reader is gone, is lost, and ends nothing.
    """

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


_STDERR = _Stderr()


def configure_logs(level: str = "info", *, as_json: bool = False) -> None:
    """Send logs to stderr: for people when it is a terminal, as JSON lines when asked.

    Args:
        level: debug, info, warning or error.
        as_json: one JSON object a line.
    """
    import structlog

    renderer: structlog.typing.Processor = _in_a_line
    if as_json:
        renderer = structlog.processors.JSONRenderer()
    elif sys.stderr.isatty():
        renderer = structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _without_words,
            _printable,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=lambda *_: structlog.PrintLogger(cast("TextIO", _STDERR)),
        cache_logger_on_first_use=False,
    )


def logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of one part of the service."""
    import structlog

    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger(part=name)
    return bound


def with_ids(**ids: str) -> AbstractContextManager[None]:
    """Put ids beside every line that is logged meanwhile, also in threads that run in this
    context.
    """
    import structlog

    return structlog.contextvars.bound_contextvars(**ids)


def where(error: BaseException) -> str:
    """Return where an error was raised, innermost last. That may be told of a defect; its words and
    the values of the functions around it may be what people wrote.
    """
    return " > ".join(
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-8:]
    )


def _without_words(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Tell of an error its type and where it was."""
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else sys.exception() if given else None
    return event if error is None else {**event, "error": type(error).__name__, "at": where(error)}


def _printable(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Escape what a terminal would obey: ids and reasons come from outside."""
    return {
        name: _escaped(value) if isinstance(value, str) else value for name, value in event.items()
    }


def _in_a_line(_logger: object, _method: str, event: structlog.typing.EventDict) -> str:
    """Return a line as structlog's renderer for people writes it, without colours, in a sixth of
    the time: a service writes one for each request.
    """
    head = f"{event.pop('timestamp')} [{event.pop('level'):<9}] {event.pop('event'):<30}"
    return " ".join([head, *(f"{name}={_told(event[name])}" for name in sorted(event))]).rstrip(" ")


def _told(value: object) -> str:
    return value if isinstance(value, str) and _PLAIN.fullmatch(value) else repr(value)


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )
