"""Builds what watches a process: its metrics, whether it is ready, and what serves both."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from threading import Event, Lock
from typing import TYPE_CHECKING

from intent import __version__
from intent.bootstrap.application import Application, migrations_dir, open_database
from intent.model.errors import OperatorError
from intent.model.instruments import Teller
from intent.store.access import Access, AccessLimits

if TYPE_CHECKING:
    from intent.monitoring.exposition import Pages
    from intent.operations.readiness import Check
    from intent.store.engine import Database

LOOK = AccessLimits(connect=2.0, statement=2.0, grace=1.0, lock=1.0, slow=60.0)
"""How long the database may take for who only watches."""

LOOK_SECONDS = 3.0
"""Seconds that all statements of one look may take together: less than Prometheus waits."""


class Begun:
    """What a process has begun; it is not ready before."""

    def __init__(self, name: str) -> None:
        """Begin with nothing; ``name`` is what has to begin."""
        self.name, self._event = name, Event()
        self.check: Check = lambda: None
        """Says what became of it since."""

    def now(self, check: Check | None = None) -> None:
        """Note that it has begun, and how to ask whether it still goes on."""
        self.check = check or self.check
        self._event.set()

    def __call__(self) -> str | None:
        """Return why it is not ready."""
        return self.check() if self._event.is_set() else "has not begun yet"


@contextmanager
def monitored(
    app: Application, tellers: Collection[Teller], begun: Begun, stop: Event, *, port: int | None
) -> Iterator[None]:
    """Have what is built from the application within the block tell its metrics and spans, as far
    as the settings want them.

    Args:
        tellers: parts of this process.
        begun: told when the process does its work.
        stop: set once the process is to leave.
        port: where to serve them; None for what the settings say, which may be nowhere.

    Raises:
        OperatorError: nobody can listen there, or what sends spans is not installed.
    """
    with traced(app):
        if port is None and app.settings.metrics_port is None:
            yield
            return
        with beside(app, build_pages(app, tellers, {begun.name: begun}, stop), port):
            yield


@contextmanager
def beside(app: Application, pages: Pages, port: int | None) -> Iterator[None]:
    """Serve pages on a port of their own; with None on that of the settings, which may be none.

    Raises:
        OperatorError: nobody can listen there.
    """
    port = app.settings.metrics_port if port is None else port
    if port is None:
        yield
        return
    from intent.monitoring.exposition import exposed
    from intent.telemetry import logger

    with exposed(pages, app.settings.metrics_host, port) as bound:
        logger("metrics").info("metrics are served", host=app.settings.metrics_host, port=bound)
        yield


@contextmanager
def traced(app: Application) -> Iterator[None]:
    """Have what is built from the application within the block note spans, where the settings want
    them.

    Raises:
        OperatorError: what sends them is not installed.
    """
    if app.settings.traces is None:
        yield
        return
    try:
        from intent.monitoring.tracing import SpanTracer, over_http
    except ModuleNotFoundError as error:
        raise OperatorError(
            "what sends spans is not installed; run: pip install 'lead-intent[tracing]', or unset "
            "INTENT_TRACES"
        ) from error
    tracer = SpanTracer(over_http(), version=__version__)
    app.tracer = tracer
    try:
        yield
    finally:
        tracer.close()


def build_pages(
    app: Application, tellers: Collection[Teller], checks: dict[str, Check], stop: Event
) -> Pages:
    """Build what ``/livez``, ``/readyz`` and ``/metrics`` say; what is built from the application
    from now on tells its metrics there.
    """
    from intent.model.database_instruments import OF_DATABASE
    from intent.model.process_instruments import BREAKER, BUILD, OF_PROCESSES
    from intent.monitoring.exposition import Pages
    from intent.monitoring.looking import Looking
    from intent.monitoring.prometheus import PrometheusMeter
    from intent.operations.gauges import read_readings
    from intent.operations.readiness import ReadinessChecks, database_check

    told = {Teller.PROCESS, *tellers}
    meter = PrometheusMeter(one for one in OF_PROCESSES if one.teller in told)
    meter.set(BUILD, 1.0, __version__)
    meter.set(BREAKER, 1.0, "closed")
    database, settings = _for_watching(app), app.settings
    looking = Looking(
        lambda: read_readings(
            database(),
            most=LOOK_SECONDS,
            hour=settings.llm_budget_hour,
            day=settings.llm_budget_day,
        )
    )
    meter.also(OF_DATABASE, looking)
    ready = ReadinessChecks(
        {"database": database_check(database, migrations_dir()), **checks}, stop=stop
    )
    app.meter = meter
    return Pages(meter.page, lambda: dict(ready().reasons))


def _for_watching(app: Application) -> Callable[[], Database]:
    """Return what opens a database of its own once, so that watching takes no connection from the
    work, and never waits long.
    """
    lock, opened = Lock(), list["Database"]()

    def database() -> Database:
        with lock:
            if not opened:
                opened.append(open_database(app.settings, Access.READ, checked=False, limits=LOOK))
            return opened[0]

    return database
