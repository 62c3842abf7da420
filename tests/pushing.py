"""Leads that are found, changed and gone, and hooks that are told of them, on one database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from intent.hooks.courier import HookCourier
from intent.hooks.post import HookPost
from intent.hooks.signing import Signer
from intent.model.decision import Decision, Entry
from intent.model.hook import Hook, HookFilter
from intent.model.message import Message
from intent.queues.hook_deliveries import SqlHookDeliveries
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from intent.store.hooks import SqlHooks
from intent.store.lead_log import log_changes
from intent.store.versions import insert_messages
from tests.conftest import MakeDecision, MakeMessage, rows

KEY = b"key of the tests, thirty-two by."


class Shop:
    """Decides what it is told to, and keeps hooks."""

    def __init__(
        self, database: Database, make_message: MakeMessage, make_decision: MakeDecision
    ) -> None:
        self.database, self._make, self._decide = database, make_message, make_decision
        self.hooks, self.deliveries = SqlHooks(database), SqlHookDeliveries(database)
        self.signer = Signer(lambda: KEY)
        self._stands: dict[str, tuple[int, Decision]] = {}

    def message(self, text: str = "how much?", **values: Any) -> Message:
        return self._make(text, **values)

    def found(self, *labels: str, probability: float = 1.0, **values: Any) -> Message:
        """Decide a new message."""
        message = self.message(**values)
        with self.database.begin() as transaction:
            insert_messages(transaction, [message])
        self.decide(message, *(labels or ("price_inquiry",)), probability=probability)
        return message

    def decide(self, message: Message, *labels: str, probability: float = 1.0) -> None:
        """Decide a message, anew if it was decided."""
        decision = self._decide(*labels)
        if decision.is_lead:
            decision = replace(decision, lead_probability=probability)
        revision, previous = self._stands.get(message.message_id, (-1, None))
        entry = Entry(message, decision, revision + 1, previous=previous)
        with self.database.begin() as transaction:
            SqlDecisions().save(transaction, [entry])
        self._stands[message.message_id] = (revision + 1, decision)

    def handled(self, message: Message, action: str) -> None:
        """Write down that somebody did something with a lead."""
        line = {name: getattr(message, name) for name in ("platform", "message_id", "room_id")}
        with self.database.begin() as transaction:
            log_changes(transaction, [{**line, "kind": "handled", "action": action}])

    def hook(self, url: str = "https://shop.example/in", **values: Any) -> Hook:
        """Add a hook; it is told of what comes from now on."""
        asked = {name: values.pop(name) for name in list(values) if name in HookFilter.__slots__}
        hook = Hook(0, values.pop("name", "shop"), url, self.signer.salts(), HookFilter(**asked))
        return self.hooks.add(replace(hook, **values))

    def read_on(self, hook: Hook) -> int:
        """Put what changed on its way; the hook is read anew, as the loop does."""
        count = 0
        while read := self.deliveries.fan_out(self.hooks.find(hook.name)):
            count += read
        return count

    def courier(self, seconds: float = 30.0) -> HookCourier:
        return HookCourier(self.signer, HookPost(seconds=seconds))

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """(event, message, state) of all deliveries, in their order."""
        found = sorted(rows(self.database, "hook_deliveries"), key=lambda row: row["id"])
        return [
            (row["event"].removeprefix("lead."), row["message_id"], row["state"]) for row in found
        ]

    def end_leases(self) -> None:
        """Let every claim be over now, and every pause."""
        with self.database.begin() as transaction:
            transaction.exec_driver_sql(
                "UPDATE hook_deliveries SET available_timestamp = '2026-01-01'"
            )
