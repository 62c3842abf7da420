"""The append-only record of decisions, and the ways to read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select, tuple_

from intent.model.decision import UNMEASURED, DecidedBy, Decision, Entry, Versions
from intent.model.question import Answer, Question
from intent.store.comment_orders import TakenBack, cancel_comment_orders
from intent.store.decision_tables import PRODUCTION as PRODUCTION
from intent.store.decision_tables import current_decisions as current_decisions
from intent.store.identities import Identity, parts
from intent.store.lead_states import note_leads
from intent.store.many_rows import insert_all, insert_new
from intent.store.prices_and_answers import with_told
from intent.store.rows import decision_from, decision_row, message_from
from intent.store.schema import INTENTS, decision_labels, decisions, messages, runs

RETRACTED = Decision(
    probabilities=dict.fromkeys(INTENTS, 0.0),
    labels=(),
    lead_probability=0.0,
    is_lead=False,
    decided_by=DecidedBy.PLATFORM,
    versions=Versions(taxonomy="none", prompt="none", model="none", calibration=UNMEASURED),
)
"""What stands for a message that was taken back."""


class SqlDecisions:
    """Decisions in SQL; the transaction is an SQLAlchemy connection."""

    def save(self, transaction: Connection, entries: Sequence[Entry]) -> list[Entry]:
        """Insert entries, and return those that were inserted, with the prices and answers that
        their decisions tell; a revision that exists already stays as it is.
        """
        if not entries:
            return []
        entries = with_told(transaction, entries)
        c = decisions.c
        returned = insert_new(
            transaction,
            decisions,
            [decision_row(entry) for entry in entries],
            [c.id, c.platform, c.message_id, c.revision],
        )
        ids = {
            (platform, message_id, revision): number
            for number, platform, message_id, revision in returned
        }
        inserted: list[tuple[int, Entry]] = []
        labels: list[dict[str, Any]] = []
        for entry in entries:
            # pop: the same revision twice in one call was inserted once.
            number = ids.pop((*entry.message.identity, entry.revision), None)
            if number is None:
                continue
            inserted.append((number, entry))
            labels.extend(
                {"decision_id": number, "label": label, "event_timestamp": entry.message.sent_at}
                for label in entry.decision.labels
            )
        if labels:
            insert_all(transaction, decision_labels, labels)
        note_leads(transaction, inserted)
        cancel_comment_orders(
            transaction,
            [
                TakenBack(entry.message, entry.revision)
                for _, entry in inserted
                if entry.decision.retracted
            ],
        )
        return [entry for _, entry in inserted]

    def follow(self, transaction: Connection, answers: Sequence[Answer]) -> list[Entry]:
        """Number the decisions of these answers as the next revisions, each with the decision that
        it replaces for readers.

        What was overtaken is left out: for readers another decision stands than the one that the
        question was put for. The answers of a run that is not promoted stand beside, one for each
        message. The messages are locked, so that two who follow at once do so one after the other.
        """
        decided = [
            (answer.claim, answer.decision) for answer in answers if answer.decision is not None
        ]
        standings = read_standings(transaction, [claim.message.identity for claim, _ in decided])
        promoted = set(
            transaction.scalars(
                select(runs.c.name).where(runs.c.promoted_timestamp.is_not(None))
            ).all()
        )
        entries: list[Entry] = []
        for claim, decision in decided:
            run, standing = claim.question.run, standings.get(claim.message.identity)
            visible = run in promoted
            if standing is None or _is_overtaken(claim.question, standing, visible=visible):
                continue
            previous = standing.decision if visible else None
            entries.append(
                Entry(claim.message, decision, standing.newest + 1, run, previous, visible)
            )
        return entries

    def retract(
        self, transaction: Connection, identities: Sequence[Identity], *, undecided: bool
    ) -> list[Entry]:
        """Number retractions as the next revisions of messages, which are locked; what is taken
        back already is left out, and so are messages without a decision unless ``undecided``.
        """
        m = messages.c
        standings = read_standings(transaction, identities)
        query = select(messages).where(tuple_(m.platform, m.message_id).in_(list(standings)))
        entries: list[Entry] = []
        for row in transaction.execute(query).mappings():
            standing = standings[row["platform"], row["message_id"]]
            before = standing.decision
            if before.retracted if before else not undecided:
                continue
            entries.append(
                Entry(message_from(row), RETRACTED, standing.newest + 1, PRODUCTION, before)
            )
        return entries

    def correct(
        self, transaction: Connection, identity: Identity, corrected: Callable[[Decision], Decision]
    ) -> list[Entry]:
        """Number a person's decision as the next revision of a message, which is locked; nothing
        for a message without a decision, or one that was taken back.

        Args:
            corrected: makes it of the decision that stands.
        """
        standing = read_standings(transaction, [identity]).get(identity)
        if standing is None or standing.decision is None or standing.decision.retracted:
            return []
        m = messages.c
        query = select(messages).where(m.platform == identity[0], m.message_id == identity[1])
        message = message_from(transaction.execute(query).mappings().one())
        decision = corrected(standing.decision)
        return [Entry(message, decision, standing.newest + 1, PRODUCTION, standing.decision)]


def _is_overtaken(question: Question, standing: Standing, *, visible: bool) -> bool:
    # What was taken back meanwhile stays so, also for a run that is compared beside: its answer is
    # about a text that is gone.
    if question.revision < standing.retracted:
        return True
    if visible:
        return question.revision != standing.revision
    return question.run in standing.runs


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands for one message.

    Attributes:
        newest: highest revision of any run.
        revision: revision that readers see; -1 for none.
        decision: the decision that readers see.
        runs: runs that have decided it, as it now reads.
        shown: those of them whose decision was ever visible to readers.
        retracted: newest revision that took it back; -1 for none. What an edited message was
            decided to be before is nobody's decision of what it says now.
    """

    newest: int
    revision: int
    decision: Decision | None
    runs: frozenset[str]
    shown: frozenset[str]
    retracted: int


def read_standings(
    transaction: Connection, identities: Sequence[Identity]
) -> dict[Identity, Standing]:
    """Lock messages and return what stands for them; those that are gone are left out."""
    m, d = messages.c, decisions.c
    # In one order, so that two who lock the same messages never wait for each other in a circle.
    locked = (
        select(m.platform, m.message_id)
        .where(tuple_(m.platform, m.message_id).in_(identities))
        .order_by(m.platform, m.message_id)
    )
    history: dict[Identity, list[RowMapping]] = {
        (row.platform, row.message_id): [] for row in transaction.execute(locked.with_for_update())
    }
    query = (
        select(decisions)
        .where(tuple_(d.platform, d.message_id).in_(list(history)))
        .order_by(d.revision)
    )
    for row in transaction.execute(query).mappings():
        history[row["platform"], row["message_id"]].append(row)
    return {identity: _standing(rows) for identity, rows in history.items()}


def next_revisions(transaction: Connection, identities: Sequence[Identity]) -> dict[Identity, int]:
    """Return the number of the next decision of messages; those without any are left out."""
    d = decisions.c
    found: dict[Identity, int] = {}
    for part in parts(identities):
        query = (
            select(d.platform, d.message_id, func.max(d.revision).label("newest"))
            .where(tuple_(d.platform, d.message_id).in_(part))
            .group_by(d.platform, d.message_id)
        )
        for row in transaction.execute(query):
            found[row.platform, row.message_id] = row.newest + 1
    return found


def _standing(rows: Sequence[RowMapping]) -> Standing:
    current = next((row for row in reversed(rows) if row["visible"]), None)
    taken_back = [row["revision"] for row in rows if row["decided_by"] == DecidedBy.PLATFORM.value]
    retracted = max(taken_back, default=-1)
    since = [row for row in rows if row["revision"] > retracted]
    return Standing(
        newest=rows[-1]["revision"] if rows else -1,
        revision=current["revision"] if current else -1,
        decision=decision_from(current) if current else None,
        runs=frozenset(row["run"] for row in since),
        shown=frozenset(row["run"] for row in since if row["visible"]),
        retracted=retracted,
    )
