"""What people type: times, files to read, and options that many verbs share."""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from intent.model.errors import Later, OperatorError, WrongUse
from intent.store.access import Access

if TYPE_CHECKING:
    from intent.bootstrap.application import Application
    from intent.store.engine import Database

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, one object a line.")]

MetricsPort = Annotated[
    int | None,
    typer.Option(
        "--metrics-port",
        min=0,
        max=65_535,
        help="Serve /metrics, /livez and /readyz on this port of INTENT_METRICS_HOST; 0 for any.",
    ),
]


def application(*, access: Access = Access.READ, quiet: bool = False) -> Application:
    """Return the application of the environment's settings, with logs as they ask.

    Args:
        access: what the verb does with the database; one that says nothing only reads.
        quiet: log warnings only.
    """
    from intent.bootstrap.application import open_application
    from intent.telemetry import configure_logs

    app = open_application(access=access)
    level = "warning" if quiet else app.settings.log_level
    configure_logs(level, as_json=app.settings.log_json)
    return app


def keeper(*, access: Access = Access.READ, quiet: bool = False) -> Application:
    """Return the same, of what keeps what is not shared out over shards: of several databases the
    one that INTENT_SHARD names, else the first.
    """
    from intent.bootstrap.shards import keeper_of

    return keeper_of(application(access=access, quiet=quiet))


def first_shard(*, access: Access = Access.READ, quiet: bool = False) -> Application:
    """Return what keeps outcomes: of several databases always the first."""
    return application(access=access, quiet=quiet).named_databases[0]


def with_others(
    *, access: Access = Access.READ, quiet: bool = False
) -> tuple[Application, list[Database]]:
    """Return the first of several shards, which has outcomes, and the databases of the others."""
    from intent.bootstrap.shards import open_shards

    first, *others = open_shards(application(access=access, quiet=quiet))
    return first, [one.database for one in others]


def waiting_for_database(open_it: Callable[[], T], stop: Event) -> T:
    """Return what needs the database, once that is there; the log says what is waited for.

    Raises:
        Stopping: ``stop`` was set meanwhile.
    """
    from intent.retry import retry_until_available
    from intent.telemetry import logger

    def waiting(seconds: float, error: Later) -> None:
        logger("database").warning("waiting", seconds=seconds, error=str(error))

    return retry_until_available(open_it, stop=stop, delay=0.2, most=10.0, waiting=waiting)


def instant(text: str) -> datetime:
    """Read a time that a person has typed.

    Raises:
        WrongUse: it is no time, or does not say in which zone.
    """
    try:
        read = datetime.fromisoformat(text)
        read = read.astimezone(UTC) if read.tzinfo else read
    except (ValueError, OverflowError):
        raise WrongUse(f"{text!r} is no time; write it like 2026-11-20T18:00:00+08:00") from None
    if read.tzinfo is None:
        raise WrongUse(
            f"{text!r} does not say in which time zone; write it like 2026-11-20T18:00:00+08:00"
        )
    return read


def platform_and_id(text: str) -> tuple[str, str]:
    """Read whom or what is meant, such as ``tiktok:u_1``.

    Raises:
        WrongUse: it lacks the platform or the id.
    """
    platform, _, key = text.partition(":")
    if not platform or not key:
        raise WrongUse(f"{text!r} names nothing; write PLATFORM:ID, such as tiktok:u_1")
    return platform, key


def own_command() -> str:
    """Return how this command was called, for lines that people paste in the same folder."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m intent"
    found = shutil.which(called.name)
    same = found is not None and Path(found).absolute() == called.absolute()
    return called.name if same or called.parent == Path() else shlex.quote(sys.argv[0])


def who_types() -> str:
    """Return the name of the system's user, for what is written down about who did it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"  # a container may know none


@contextmanager
def opened(path: str) -> Iterator[int]:
    """Yield the descriptor of a file to read, or of stdin for ``-``.

    Raises:
        OperatorError: there is no such file, or it may not be read.
    """
    if path == "-":
        yield 0
        return
    remedy = "give the path of a JSONL file, or - for stdin"
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}; {remedy}") from error
    try:
        if Path(path).is_dir():
            raise OperatorError(f"{path} is a folder; {remedy}")
        yield descriptor
    finally:
        os.close(descriptor)
