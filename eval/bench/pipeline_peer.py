"""The plain way: one dramatiq task a message, each of which stores its message and the same
decision row in a transaction of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from threading import Event

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from eval.bench.constant import constant_decision
from intent.bootstrap.application import Application, open_application
from intent.cli.stopping import stopping
from intent.model.decision import Entry
from intent.model.message import parse_message
from intent.store.decisions import SqlDecisions
from intent.store.versions import insert_messages
from intent.telemetry import configure_logs


def task(broker: dramatiq.Broker, store: Callable[[str], None]) -> dramatiq.Actor[[str], None]:
    """Return the task as the broker knows it."""
    named = dramatiq.actor(broker=broker, actor_name="decide", queue_name="decide")
    return named(store)


def _connected(url: str) -> dramatiq.Broker:
    return RedisBroker(url=url)  # type: ignore[no-untyped-call]


def enqueue(url: str, payloads: Sequence[bytes]) -> None:
    """Put a task for each message."""
    broker = _connected(url)
    decide = task(broker, lambda payload: None)
    for payload in payloads:
        decide.send(payload.decode("utf-8"))
    broker.close()


def storing(app: Application) -> Callable[[str], None]:
    """Return what a task does with a message in the wire shape."""
    decision, database, decisions = constant_decision(app.taxonomy), app.database, SqlDecisions()

    def store(payload: str) -> None:
        message = parse_message(payload.encode("utf-8"))
        with database.begin() as transaction:
            insert_messages(transaction, [message])
            decisions.save(transaction, [Entry(message, decision)])

    return store


def main() -> None:
    """Run tasks until told to stop: argument 1 is the URL of Redis, argument 2 how many threads."""
    app = open_application()
    configure_logs("error")
    broker = _connected(sys.argv[1])
    task(broker, storing(app))
    worker = dramatiq.Worker(broker, worker_threads=int(sys.argv[2]))
    with stopping() as stop:
        worker.start()
        _until(stop)
        worker.stop()
    broker.close()


def _until(stop: Event) -> None:
    while not stop.wait(1.0):
        pass


if __name__ == "__main__":
    main()
