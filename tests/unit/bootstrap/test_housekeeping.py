"""What nobody needs any more is deleted beside what a process does."""

from __future__ import annotations

from threading import Event

from intent.bootstrap.application import Application
from intent.bootstrap.housekeeping import EVERY, SOON, _keep, housekeeping
from intent.bootstrap.settings import Settings
from intent.model.batch import Batch
from intent.model.decision import Entry
from intent.store.access import Access
from intent.store.decisions import SqlDecisions
from tests.conftest import MakeDecision, MakeMessage, rows


def test_the_log_of_leads_is_pruned_now_and_then(
    sqlite_url: str, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    settings = Settings(database_url=sqlite_url, lead_log_keep=0.000001)
    app, message, stop = Application(settings, access=Access.CREATE), make_message(), Event()
    app.inbox.put(Batch([message]))
    with app.database.begin() as transaction:
        SqlDecisions().save(transaction, [Entry(message, make_decision("price_inquiry"))])
    waited: list[tuple[float, str]] = []

    def wait(seconds: float) -> bool:
        (line,) = rows(app.database, "lead_changes")
        waited.append((seconds, line["kind"]))
        if seconds == EVERY:
            stop.set()
        return True

    _keep(app, stop, wait)
    assert waited == [(SOON, "found"), (EVERY, "pruned")]


def test_a_database_that_is_away_is_tidied_up_later() -> None:
    app, stop = Application(Settings(database_url="postgresql://127.0.0.1:1/nothing")), Event()
    waited: list[float] = []

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        if len(waited) == 3:
            stop.set()
        return True

    _keep(app, stop, wait)
    assert waited == [SOON, EVERY, EVERY]


def test_a_process_leaves_while_it_waits(sqlite_url: str) -> None:
    with housekeeping(Application(Settings(database_url=sqlite_url))):
        pass
