"""Stores a batch in SQL: what is new waits, what is known is compared, what was taken back leaves.

What was taken back or edited is a newer revision of its decision, without labels, made in the same
transaction; whoever is deciding the old text meanwhile finds the claim gone.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, tuple_

from intent.model.batch import Accepted, Batch
from intent.model.errors import StoreUnavailable
from intent.model.message import Message
from intent.ports.features import FeatureState
from intent.queues.claims import clock
from intent.queues.known import Arrivals, compared
from intent.store.dead_letters import record_refused
from intent.store.decisions import SqlDecisions, next_revisions
from intent.store.engine import insert_for
from intent.store.identities import Identity, parts
from intent.store.positions import record_gaps, record_position
from intent.store.retractions import meant_by, record_retractions, taken_back_before
from intent.store.schema import ask_lane, dead_letters, inbox
from intent.store.tombstones import Tombstones
from intent.store.turns import in_turn
from intent.store.versions import insert_messages, read_earlier, read_messages, replace_messages


class NotAlone(Exception):
    """A batch edits messages, and must be put again, alone."""


def put_batch(
    transaction: Connection,
    batch: Batch,
    features: FeatureState | None,
    tombstones: Tombstones,
    *,
    alone: bool = False,
) -> Accepted:
    """Store all of a batch, and return what became of it.

    Args:
        alone: no other batch is put meanwhile.

    Raises:
        NotAlone: it edits messages, and others may be put meanwhile; nothing of it may be kept.
        OperatorError: the key is missing that knows who was erased.
        StoreUnavailable: a message that it repeats was erased meanwhile; put it again.
        ValueError: something decided is taken back, and nobody was given that counts features.
    """
    alone = alone or bool(batch.retractions) or transaction.dialect.name == "sqlite"
    in_turn(transaction, alone=alone)
    batch, erased = tombstones.sift(transaction, batch)
    refused = record_refused(transaction, batch.refused)
    record_gaps(transaction, batch.gaps)
    if batch.position is not None:
        record_position(transaction, batch.position)
    new, arrivals = _sorted_out(transaction, batch.messages)
    record_refused(transaction, arrivals.conflicting)
    if arrivals.edited and not alone:
        raise NotAlone
    if arrivals.edited:
        _take_back(transaction, list(arrivals.edited), features, undecided=False)
        replace_messages(transaction, arrivals.edited, arrivals.replaced)
    waiting = list(dict.fromkeys([*new, *arrivals.edited]))
    _enqueue(transaction, waiting, set(arrivals.edited))
    record_retractions(transaction, batch.retractions)
    gone = [*meant_by(transaction, batch.retractions), *taken_back_before(transaction, waiting)]
    return Accepted(
        new=len(new),
        repeated=arrivals.repeated,
        refused=refused,
        edited=arrivals.edits,
        conflicting=len(arrivals.conflicting),
        retracted=_take_back(transaction, list(dict.fromkeys(gone)), features, undecided=True),
        erased=erased,
    )


def _sorted_out(
    transaction: Connection, came: Sequence[Message]
) -> tuple[list[Identity], Arrivals]:
    """Insert what is new and compare the rest; return the new ones in the order they came in."""
    first: dict[Identity, Message] = {}
    for message in came:
        first.setdefault(message.identity, message)
    inserted = insert_messages(transaction, first.values())
    new = [identity for identity in first if identity in inserted]
    rest: list[Message] = []
    for message in came:
        if message.identity in inserted:
            inserted.remove(message.identity)  # this is the one; the others of its id are compared
        else:
            rest.append(message)
    identities = list(dict.fromkeys(message.identity for message in rest))
    known = read_messages(transaction, identities)
    if len(known) < len(identities):
        raise StoreUnavailable("a message was erased while it came again")
    return new, compared(rest, known, read_earlier(transaction, identities))


def _enqueue(
    transaction: Connection, identities: Sequence[Identity], edited: set[Identity]
) -> None:
    if not identities:
        return
    now = clock(transaction)
    revisions = next_revisions(transaction, list(edited))
    rows = [
        {
            "platform": platform,
            "message_id": message_id,
            "attempts": 0,
            "available_timestamp": now,
            "written_timestamp": now,
            "revision": revisions.get((platform, message_id), 0),
        }
        for platform, message_id in identities
    ]
    statement = insert_for(transaction, inbox)
    renewed = {
        name: statement.excluded[name]
        for name in ("available_timestamp", "written_timestamp", "revision")
    }
    again = statement.on_conflict_do_update(
        index_elements=["platform", "message_id"], set_={**renewed, "attempts": 0, "token": None}
    )
    transaction.execute(again, rows)


def _take_back(
    transaction: Connection,
    identities: Sequence[Identity],
    features: FeatureState | None,
    *,
    undecided: bool,
) -> int:
    """Take messages out of every queue and retract what was decided; return how many stood or
    waited until now.
    """
    record, taken = SqlDecisions(), 0
    for part in parts(identities):
        # The queues first, as worker and asker do: one that decides one of these meanwhile waits
        # for the row, and then finds its claim gone.
        waited = _leave_queues(transaction, part)
        entries = record.save(transaction, record.retract(transaction, part, undecided=undecided))
        if features is not None:
            features.add(transaction, entries)
        elif any(entry.previous is not None for entry in entries):
            raise ValueError("features must be uncounted with what is taken back")
        taken += len(waited | {entry.message.identity for entry in entries})
    return taken


def _leave_queues(transaction: Connection, identities: Sequence[Identity]) -> set[Identity]:
    waited: set[Identity] = set()
    for table in (inbox, ask_lane, dead_letters):
        here = tuple_(table.c.platform, table.c.message_id).in_(identities)
        if table is inbox:
            rows = transaction.execute(
                delete(table).where(here).returning(table.c.platform, table.c.message_id)
            ).all()
            waited = {(row.platform, row.message_id) for row in rows}
        else:
            transaction.execute(delete(table).where(here))
    return waited
