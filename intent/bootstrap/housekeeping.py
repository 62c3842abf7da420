"""Tidies up beside what a process does: what nobody needs any more is deleted, a little at a
time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

from intent.bootstrap.application import Application
from intent.bootstrap.retention_file import read_retention
from intent.model.errors import IntentError, Stopping

SOON = 60.0
"""Seconds before the first time: a process that only looks in tidies nothing up."""

EVERY = 3_600.0
"""Seconds between two times of tidying up."""

LEAVING = 1.0
"""Seconds that are waited for a transaction when the process leaves."""


@contextmanager
def housekeeping(app: Application) -> Iterator[None]:
    """Tidy up in a thread of its own while the block runs; whatever happens to it, the block goes
    on. Several processes may do so: what one has deleted, another does not find.
    """
    stop, own = Event(), Application(app.settings)
    thread = Thread(target=_keep, args=(own, stop, stop.wait), name="housekeeping", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(LEAVING)


def tidy_up(app: Application, stop: Event) -> dict[str, int]:
    """Delete once what is kept no longer than the settings say; return how many rows of what.

    Raises:
        StoreUnavailable: the database is away.
        TemplateError: the retention file cannot be read; nothing is deleted by it.
    """
    from intent.bootstrap.erasing import drop_loose_links
    from intent.operations.lead_changes import prune_lead_changes
    from intent.operations.retain import retain

    keep = timedelta(seconds=app.settings.lead_log_keep)
    deleted = {"lead_changes": prune_lead_changes(app.database, keep, stop)}
    if app.settings.retention_file is not None:
        policy = read_retention(app.settings.retention_file)
        deleted |= retain(app.database, app.features, policy, stop=stop)
        drop_loose_links(app)
    return {name: count for name, count in deleted.items() if count}


def _keep(app: Application, stop: Event, wait: Callable[[float], bool]) -> None:
    from intent.telemetry import logger

    log = logger("housekeeping")
    wait(SOON)
    while not stop.is_set():
        try:
            app.database.leave_with(stop)
            deleted = tidy_up(app, stop)
            if deleted:
                log.info("tidied", **deleted)
        except Stopping:
            return
        except IntentError as error:
            log.warning("waiting", error=str(error))
        wait(EVERY)
