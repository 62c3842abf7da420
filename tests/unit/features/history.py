"""Random histories of decisions, played into a database and written down as facts at the same
time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy
from hypothesis import strategies as st

from intent.features.online.state import SqlFeatureState
from intent.model.decision import DecidedBy, Decision, Entry, Versions
from intent.model.message import AuthorRole, Kind, Message
from intent.model.taxonomy import Taxonomy
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from intent.store.feature_tables import feature_counters, feature_future, feature_tiles
from intent.store.schema import INTENTS, MILLION, decisions, runs
from intent.store.times import from_microseconds, microseconds
from tests.unit.features.brute import Fact

MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
NOW = microseconds(datetime.now(UTC))
LABELS = ("purchase_intent", "price_inquiry", "quote_request", "objection", "chatter")

# Around the edges of tiles and windows, before and after now; a tie is likely.
TIMES = st.one_of(
    st.sampled_from(
        [0, 1, HOUR, HOUR + 5 * MINUTE, DAY, 7 * DAY, 8 * DAY, 30 * DAY, 31 * DAY, 90 * DAY]
    ).map(lambda gap: NOW - gap),
    st.integers(0, 3 * HOUR).map(lambda gap: NOW - gap),
    st.integers(0, 40 * DAY).map(lambda gap: NOW - gap),
    st.integers(0, 12).map(lambda tiles: NOW // (5 * MINUTE) * 5 * MINUTE - tiles * 5 * MINUTE),
    st.integers(1, 2 * DAY).map(lambda gap: NOW + gap),
)


@dataclass(frozen=True)
class Said:
    """What a message is, before anybody decides."""

    at: int
    user_id: str
    creator_id: str | None
    room_id: str
    item_id: str | None
    author_role: AuthorRole = AuthorRole.VIEWER
    category_id: str | None = None


@dataclass(frozen=True)
class Verdict:
    """What a decision says."""

    labels: tuple[str, ...]
    millionths: tuple[int, ...]
    lead: int
    measured: bool
    llm: bool
    stated_price: int | None = None
    price_gap: int | None = None
    answer_seconds: int | None = None


said = st.builds(
    Said,
    at=TIMES,
    user_id=st.sampled_from(["1", "12", "u/3"]),
    creator_id=st.sampled_from(["23", "3", None]),
    room_id=st.sampled_from(["r1", "r2"]),
    item_id=st.sampled_from([None, "i1", "i2"]),
    author_role=st.sampled_from([AuthorRole.VIEWER, *AuthorRole]),
    category_id=st.sampled_from([None, "k/1", "k2"]),
)
verdict = st.builds(
    Verdict,
    labels=st.sets(st.sampled_from(LABELS[:4]), max_size=2).map(
        lambda chosen: tuple(sorted(chosen)) or ("chatter",)
    ),
    millionths=st.lists(st.integers(0, MILLION), min_size=len(INTENTS), max_size=len(INTENTS)).map(
        tuple
    ),
    lead=st.integers(0, MILLION),
    measured=st.booleans(),
    llm=st.booleans(),
    stated_price=st.sampled_from([None, 1, 4000]),
    price_gap=st.sampled_from([None, 0, -1_000_000, 123_456]),
    answer_seconds=st.sampled_from([None, None, 0, 15, 16, 299, 300, 301, 86_400, 86_401]),
)
step = st.one_of(
    st.tuples(st.just("decide"), said, verdict),
    st.tuples(st.just("decide"), said, verdict),
    st.tuples(st.just("upgrade"), st.integers(0, 50), verdict),
    st.tuples(st.just("backfill"), st.integers(0, 50), verdict),
    st.tuples(st.just("remove"), st.integers(0, 50), st.none()),
    st.tuples(st.just("retract"), st.integers(0, 50), st.none()),
    st.tuples(st.just("repeat"), st.integers(0, 50), st.none()),
    st.tuples(st.just("promote"), st.none(), st.none()),
)
wait = st.tuples(
    st.just("wait"), st.none(), st.sampled_from([0, 1, 5 * MINUTE, HOUR, DAY, 3 * DAY])
)
rebuild = st.tuples(st.just("rebuild"), st.none(), st.none())
histories = st.lists(st.lists(step, min_size=1, max_size=5), min_size=1, max_size=8)

busy = st.lists(
    st.tuples(
        st.just("decide"),
        st.builds(
            Said,
            at=st.one_of(
                st.integers(0, 60 * 1_000_000).map(lambda gap: NOW - gap),
                st.sampled_from(
                    [NOW - 60_000_000, NOW - 1, NOW, NOW - 5 * MINUTE, NOW - HOUR, NOW - 30 * DAY]
                ),
                st.integers(0, 3 * HOUR).map(lambda gap: NOW - gap),
                st.integers(0, 60 * 1_000_000).map(lambda gap: NOW - HOUR - 5 * MINUTE + gap),
            ),
            user_id=st.sampled_from(["1", "12"]),
            creator_id=st.sampled_from(["3", None]),
            room_id=st.just("r1"),
            item_id=st.sampled_from([None, "i1"]),
            category_id=st.sampled_from([None, "k2"]),
        ),
        verdict,
    ),
    min_size=1,
    max_size=20,
)
"""Messages of a busy room, many of them of the last minute, and at the edges of its tiles."""

early = st.builds(
    Said,
    at=st.integers(0, 2 * DAY).map(lambda gap: NOW + gap),
    user_id=st.sampled_from(["1", "12"]),
    creator_id=st.just("3"),
    room_id=st.sampled_from(["r1", "r2"]),
    item_id=st.sampled_from([None, "i1"]),
)
of_few = st.integers(0, 3)
parked_histories = st.lists(
    st.lists(
        st.one_of(
            st.tuples(st.just("decide"), early, verdict),
            wait,
            st.tuples(st.just("upgrade"), of_few, verdict),
            st.tuples(st.just("remove"), of_few, st.none()),
            st.tuples(st.just("retract"), of_few, st.none()),
            st.tuples(st.just("backfill"), of_few, verdict),
            st.tuples(st.just("promote"), st.none(), st.none()),
            rebuild,
        ),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
    max_size=8,
)
"""Few messages, dated in the future, while time passes."""


def decision_of(given: Verdict, taxonomy: Taxonomy) -> Decision:
    return Decision(
        probabilities={
            name: p / MILLION for name, p in zip(INTENTS, given.millionths, strict=True)
        },
        labels=taxonomy.in_order(given.labels),
        lead_probability=given.lead / MILLION,
        is_lead=bool(taxonomy.leads & set(given.labels)),
        decided_by=DecidedBy.LLM if given.llm else DecidedBy.LOCAL,
        versions=Versions("t", "none", "m", "c" if given.measured else "unmeasured"),
        stated_price=given.stated_price,
        price_gap=given.price_gap,
        answer_seconds=given.answer_seconds,
    )


def message_of(number: int, what: Said) -> Message:
    return Message(
        platform="tiktok",
        room_id=what.room_id,
        message_id=f"m-{number:03}",
        user_id=what.user_id,
        kind=Kind.COMMENT,
        text="",
        sent_at=from_microseconds(what.at),
        creator_id=what.creator_id,
        item_id=what.item_id,
        category_id=what.category_id,
        author_role=what.author_role,
    )


@dataclass
class Clock:
    """A clock that stands until somebody moves it, in microseconds."""

    now: int = NOW

    def __call__(self, _transaction: Any) -> int:
        return self.now


@dataclass
class World:
    """A database, its feature state, and the facts that both should know."""

    database: Database
    state: SqlFeatureState
    taxonomy: Taxonomy
    messages: list[Message] = field(default_factory=list)
    facts: dict[int, list[Fact]] = field(default_factory=dict)
    pending: dict[int, list[Fact]] = field(default_factory=dict)
    backfills: int = 0
    clock: Clock = field(default_factory=Clock)

    def clear(self) -> World:
        """Forget everything, as a new database would."""
        with self.database.begin() as transaction:
            for table in (feature_counters, feature_tiles, feature_future, decisions):
                transaction.execute(sqlalchemy.delete(table))
            transaction.execute(sqlalchemy.delete(runs).where(runs.c.name != "production"))
        self.messages, self.facts, self.pending, self.backfills = [], {}, {}, 0
        self.clock.now = NOW
        return self

    def play(self, history: Sequence[Sequence[tuple[str, Any, Any]]]) -> World:
        """Play batches of steps, each batch in one transaction where the steps allow it."""
        for batch in history:
            decided = [(what, how) for kind, what, how in batch if kind == "decide"]
            if decided:  # an empty call would settle what is due, before the step that follows
                with self.database.begin() as transaction:
                    self._decide(transaction, decided)
            for kind, what, how in batch:
                if kind != "decide" and (what is None or self.messages):
                    with self.database.begin() as transaction:
                        getattr(self, f"_{kind}")(
                            transaction, None if what is None else what % len(self.messages), how
                        )
        return self

    def known(self) -> list[Fact]:
        """Every fact that readers may see now."""
        return [fact for revisions in self.facts.values() for fact in revisions]

    def _decide(self, transaction: Any, decided: Sequence[tuple[Said, Verdict]]) -> None:
        entries = []
        for what, how in decided:
            number = len(self.messages)
            self.messages.append(message_of(number, what))
            self.facts[number] = [self._fact(number, 0, how)]
            entries.append(Entry(self.messages[number], decision_of(how, self.taxonomy)))
        self.state.add(transaction, SqlDecisions().save(transaction, entries))

    def _upgrade(self, transaction: Any, number: int, how: Verdict) -> None:
        if not self.facts[number]:
            return
        current = max(self.facts[number], key=lambda fact: fact.revision)
        revision = self._next(number)
        entry = Entry(
            self.messages[number],
            decision_of(how, self.taxonomy),
            revision,
            previous=self._decision(current),
        )
        self.state.add(transaction, SqlDecisions().save(transaction, [entry]))
        self.facts[number].append(self._fact(number, revision, how))

    def _retract(self, transaction: Any, number: int, _how: None) -> None:
        if not self.facts[number]:
            return
        current = max(self.facts[number], key=lambda fact: fact.revision)
        fact = dataclasses.replace(
            current, revision=self._next(number), labels=frozenset(), retracted=True
        )
        entry = Entry(
            self.messages[number],
            self._decision(fact),
            fact.revision,
            previous=self._decision(current),
        )
        self.state.add(transaction, SqlDecisions().save(transaction, [entry]))
        self.facts[number].append(fact)

    def _backfill(self, transaction: Any, number: int, how: Verdict) -> None:
        if not self.facts[number]:
            return
        self._start_run(transaction)
        revision = self._next(number)
        run = f"backfill-{self.backfills}"
        SqlDecisions().save(
            transaction,
            [
                Entry(
                    self.messages[number],
                    decision_of(how, self.taxonomy),
                    revision,
                    run,
                    visible=False,
                )
            ],
        )
        self.pending.setdefault(number, []).append(self._fact(number, revision, how))

    def _promote(self, transaction: Any, _number: None, _how: None) -> None:
        # As promotion does: what the run said is copied as newer revisions that readers see.
        entries = []
        for number, revisions in self.pending.items():
            before = max(self.facts[number], key=lambda fact: fact.revision)
            said = max(revisions, key=lambda fact: fact.revision)
            copy = dataclasses.replace(
                said, revision=1 + max(fact.revision for fact in self.facts[number] + revisions)
            )
            run = f"backfill-{self.backfills}"
            entries.append(
                Entry(
                    self.messages[number],
                    self._decision(copy),
                    copy.revision,
                    run,
                    previous=self._decision(before),
                )
            )
            self.facts[number].append(copy)
        SqlDecisions().save(transaction, entries)
        self.state.add(transaction, entries)
        self.pending, self.backfills = {}, self.backfills + 1

    def _remove(self, transaction: Any, number: int, _how: None) -> None:
        if not self.facts[number]:
            return
        message = self.messages[number]
        current = max(self.facts[number], key=lambda fact: fact.revision)
        transaction.execute(
            sqlalchemy.delete(decisions).where(
                decisions.c.platform == message.platform,
                decisions.c.message_id == message.message_id,
            )
        )
        self.state.remove(transaction, [Entry(message, self._decision(current))])
        self.facts[number] = []
        self.pending.pop(number, None)

    def _wait(self, _transaction: Any, _number: None, gap: int) -> None:
        self.clock.now += gap

    def _rebuild(self, transaction: Any, _number: None, _how: None) -> None:
        self.state.rebuild(transaction)

    def _repeat(self, transaction: Any, number: int, _how: None) -> None:
        if not self.facts[number]:
            return
        entry = Entry(self.messages[number], self._decision(self.facts[number][0]))
        self.state.add(transaction, SqlDecisions().save(transaction, [entry]))

    def _next(self, number: int) -> int:
        return 1 + max(fact.revision for fact in self.facts[number] + self.pending.get(number, []))

    def _start_run(self, transaction: Any) -> None:
        name = f"backfill-{self.backfills}"
        if not transaction.execute(sqlalchemy.select(runs.c.name).where(runs.c.name == name)).all():
            transaction.execute(runs.insert(), [{"name": name}])

    def _decision(self, fact: Fact) -> Decision:
        given = Verdict(
            tuple(fact.labels),
            tuple(fact.probabilities[name] for name in INTENTS),
            fact.lead,
            fact.measured,
            fact.llm,
            fact.stated_price,
            fact.price_gap,
            fact.answer_seconds,
        )
        decision = decision_of(given, self.taxonomy)
        if fact.retracted:
            decision = dataclasses.replace(decision, decided_by=DecidedBy.PLATFORM)
        return decision

    def _fact(self, number: int, revision: int, how: Verdict) -> Fact:
        message = self.messages[number]
        parts: Mapping[str, str | None] = {
            "platform": message.platform,
            "user_id": message.user_id,
            "creator_id": message.creator_id,
            "room_id": message.room_id,
            "item_id": message.item_id,
            "category_id": message.category_id,
        }
        p = dict(zip(INTENTS, how.millionths, strict=True))
        return Fact(
            message.message_id,
            revision,
            microseconds(message.sent_at),
            0,
            parts,
            frozenset(how.labels),
            p,
            how.lead,
            how.measured,
            how.llm,
            viewer=message.author_role is AuthorRole.VIEWER,
            stated_price=how.stated_price,
            price_gap=how.price_gap,
            answer_seconds=how.answer_seconds,
        )
