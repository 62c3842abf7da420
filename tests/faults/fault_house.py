"""One database, the messages that were put into it, and the processes that work on it."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from intent.model.batch import Accepted, Batch
from intent.model.message import Message
from intent.store.access import Access, AccessLimits
from intent.store.engine import Database
from tests.conftest import VAULT_KEY, MakeMessage
from tests.faults.children import Child, application
from tests.faults.oracle import CANARY, Reckoning, reckon

OWN = ("drain", "seconds", "stops_at")
"""What is no setting but an argument of a task."""

LABELS = ("purchase_intent", "price_inquiry", "chatter", "spam", "objection")


class FaultHouse:
    """A house in which things go wrong.

    Attributes:
        sent: ids of the messages that its inbox has said are stored.
        erased: ids of those whose author was forgotten.
        settings: of its processes.
    """

    def __init__(self, database: Database, folder: Path, make_message: MakeMessage) -> None:
        self.database, self.folder, self.make = database, folder, make_message
        self.sent: dict[str, Message | None] = {}
        self.erased: set[str] = set()
        self.settings: dict[str, Any] = {
            "database_url": database.url,
            "vault_key": VAULT_KEY,
            "key_file": folder / "keys",
            "spool_dir": folder,
            "lease": 3600.0,
            "batch_count": 8,
            "batch_age": 0.001,
            "retry_delay": 0.001,
            "outage_delay_most": 0.05,
        }
        self.app = application(self.settings)
        self._numbers = itertools.count(1)
        self._filled: Path | None = None
        self._at_first: dict[str, Message | None] = {}
        self._children: list[Child] = []

    def message(self, **values: Any) -> Message:
        """Return a new message; every third holds a telephone number."""
        number = next(self._numbers)
        detail = f" wa {CANARY.format(number % 10_000)}" if number % 3 == 0 else ""
        given = {
            "text": f"{LABELS[number % len(LABELS)]} {number}{detail}",
            "message_id": f"f-{number}",
            "user_id": f"u-{number % 11}",
            "item_id": f"i-{number % 3}",
            "room_id": f"room-{number % 4}",
            "creator_id": "c",
        }
        return self.make(**{**given, **values})

    def fill(self, count: int, **values: Any) -> list[Message]:
        """Put so many new messages, and return them."""
        messages = [self.message(**values) for _ in range(count)]
        self.put(messages)
        return messages

    def put(self, messages: Sequence[Message]) -> Accepted:
        """Put messages, and remember that they were stored."""
        accepted = self.app.inbox.put(Batch(messages))
        self.sent.update((one.message_id, one) for one in messages)
        return accepted

    def begin_anew(self, count: int = 20) -> None:
        """Let so many messages wait: on SQLite they alone are there, on PostgreSQL they are more."""
        file = self.database.file
        if file is None:
            self.fill(count)
            return
        if self._filled is None:
            self.fill(count)
            self.keep_as_it_is()
        assert self._filled is not None
        self.close()
        self.sent = dict(self._at_first)
        for suffix in ("-wal", "-shm"):
            Path(f"{file}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(self._filled, file)

    def keep_as_it_is(self) -> None:
        """Begin anew with what is there now, from now on; on SQLite."""
        self.close()
        assert self.database.file is not None
        self._filled = self.database.file.with_suffix(".filled")
        self._at_first = dict(self.sent)
        shutil.copyfile(self.database.file, self._filled)

    def child(self, task: Callable[..., None], *, paused: bool = False, **named: Any) -> Child:
        """Start a task in a process of its own; what is no argument of it is a setting."""
        own = {name: named.pop(name) for name in OWN if name in named}
        log = self.folder / f"child-{next(self._numbers)}.log"
        child = Child(log, task, {**self.settings, **named}, paused=paused, **own)
        self._children.append(child)
        return child

    def end_leases(self) -> None:
        """Let every lease be over now, and every pause of a message."""
        end_leases(self.database)

    def hurry(self) -> None:
        """Wait no longer than some moments for a lock."""
        self.close()
        limits = AccessLimits(lock=0.1)
        self.database = Database(self.database.url, access=Access.WRITE, limits=limits)

    def reckoned(self, *, waiting: bool = False, leaks: bool = True) -> Reckoning:
        """Recount everything; with ``waiting``, messages may wait, without ``leaks``, nobody looks
        for contact details.
        """
        reckoning = reckon(
            self.database,
            self.sent,
            erased=self.erased,
            waiting=waiting,
            places=[self.folder] if leaks else None,
        )
        if not leaks:
            return reckoning
        for log in self.folder.glob("child-*.log"):
            log.unlink()  # it was looked at
        return reckoning

    def close(self) -> None:
        """Close its connections."""
        self.app.database.close()
        self.database.close()

    def leave(self) -> None:
        """Kill what still runs, and close."""
        for child in self._children:
            child.process.kill()
            child.process.join()
        self.close()


def end_leases(database: Database) -> None:
    """Let every lease of a database be over now, and every pause of a message."""
    with database.begin() as transaction:
        transaction.exec_driver_sql("UPDATE inbox SET available_timestamp = '2026-01-01'")
