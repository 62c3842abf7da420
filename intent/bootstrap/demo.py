"""Builds the demo: a database of its own, without network and LLM, and the bundled sample, which is
said anew as if it were live.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from intent.bootstrap.application import Application, sqlite_url
from intent.bootstrap.resources import locate
from intent.model.errors import IntentError, OperatorError
from intent.store.access import Access

if TYPE_CHECKING:
    from intent.bootstrap.settings import Settings
    from intent.model.message import Message

LEAVING = 5.0
"""Seconds that reader and worker get to end what they are at."""


def build_demo(settings: Settings, database: Path) -> Application:
    """Return an application over a file of its own, which is made when it is missing.

    Whatever the settings say, it asks no LLM, sends no spans, and touches neither their database
    nor their key file.

    Raises:
        OperatorError: the file cannot be made, or is of another version.
    """
    own = {
        "database_url": sqlite_url(database),
        "database_schema": None,
        "key_file": None,
        "llm_base_url": None,
        "llm_api_key": None,
        "traces": None,
        "metrics_port": None,
    }
    app = Application(settings.model_copy(update=own), access=Access.CREATE)
    try:
        app.database.close()  # it opens again by itself
    except OperatorError as error:
        raise OperatorError(
            f"{error}; it is about the demo's database: INTENT_DATABASE_URL=sqlite:///{database} "
            "names it to other verbs, and taking it away begins anew"
        ) from error
    return app


def sample_path() -> Path:
    """Return where the bundled sample is."""
    return locate("sources") / "sample.jsonl"


def read_sample() -> list[Message]:
    """Return the bundled sample, as whatever reads files reads it."""
    from intent.sources.files.file_source import FileSource

    descriptor = os.open(sample_path(), os.O_RDONLY)
    try:
        source = FileSource(descriptor, "sample.jsonl")
        return [message for batch in source.read() for message in batch.messages]
    finally:
        os.close(descriptor)


@contextmanager
def replaying(served: Application, said: Callable[[str], None]) -> Iterator[None]:
    """Say the sample anew, and decide what comes, while the block runs.

    Reader and worker are those of every other day. They open the database for themselves, as if
    they were processes beside the one that serves.

    Args:
        served: what :func:`build_demo` gave.
        said: told when the sample is over, or why the replay ended.
    """
    from intent.bootstrap.deciding import build_classifier, build_worker
    from intent.flow.ingest import ingest
    from intent.sources.live_sample import LiveSample

    app, stop = Application(served.settings), Event()
    inbox = app.inbox
    source = LiveSample(read_sample(), now=datetime.now(UTC), sleep=stop.wait)

    def read() -> None:
        report = ingest(source, inbox, stop=stop)
        if not stop.is_set():
            said(
                f"the sample is over: {report.accepted} messages; they stay in {app.database.place}"
            )

    def decide() -> None:
        classifier = build_classifier(app)
        build_worker(app, stop, lambda report: None, classifier=classifier).run()

    with _beside((read, decide), stop, said):
        yield
    app.database.close()


@contextmanager
def _beside(
    works: Sequence[Callable[[], None]], stop: Event, said: Callable[[str], None]
) -> Iterator[None]:
    """Have works done in threads while the block runs; ``stop`` is set at its end."""

    def until_told(work: Callable[[], None]) -> None:
        try:
            work()
        except IntentError as error:
            if not stop.is_set():
                said(f"the replay has ended: {error}")

    threads = [
        Thread(target=until_told, args=(work,), name=f"demo-{work.__name__}", daemon=True)
        for work in works
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(LEAVING)
