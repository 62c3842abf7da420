"""Stores batches in SQL: what is new waits, what is known is compared, what was taken back leaves.

What was taken back or edited is a newer revision of its decision, without labels, made in the same
transaction; whoever is deciding the old text meanwhile finds the claim gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice

from sqlalchemy import Connection, delete, tuple_

from intent.model.batch import Accepted, Batch
from intent.model.disguised import Disguised
from intent.model.errors import OtherShards, StoreUnavailable
from intent.model.message import Message
from intent.ports.features import FeatureState
from intent.queues.before_put import BeforePut, before_put
from intent.queues.known import Arrivals, Became, compared
from intent.queues.rounds import Rounds
from intent.store.dead_letters import record_refused
from intent.store.decisions import SqlDecisions, next_revisions
from intent.store.identities import Identity, parts
from intent.store.many_rows import upsert
from intent.store.positions import record_gaps, record_position
from intent.store.retractions import (
    meant_by,
    record_retractions,
    taken_back_before,
)
from intent.store.room_moves import require_here
from intent.store.schema import ask_lane, dead_letters, inbox
from intent.store.times import microseconds
from intent.store.tombstones import Tombstones
from intent.store.turns import in_turn
from intent.store.vault import Hidden, Vault, text_digest
from intent.store.versions import insert_messages, read_earlier, read_messages, replace_messages


class NotAlone(Exception):
    """Batches edit messages, and must be put again, alone."""


def put_batches(
    transaction: Connection,
    batches: Sequence[Batch],
    features: FeatureState | None,
    tombstones: Tombstones,
    vault: Vault | None = None,
    *,
    rounds: Rounds | None = None,
    alone: bool = False,
    members: int = 0,
) -> list[Accepted]:
    """Store all of several batches as if one were put after the other, with hardly more statements
    than for one of them; return what became of each.

    Args:
        vault: where contact details go, so that texts are stored without them.
        rounds: in which messages of each room this process has put so far.
        alone: nobody else puts meanwhile.
        members: shards by which the rooms were told apart; 0 where all are in this database.

    Raises:
        OtherShards: there are more or fewer by now.
        NotAlone: they edit messages, and others may put meanwhile; nothing of it may be kept.
        OperatorError: the key is missing that knows who was erased.
        StoreUnavailable: a message that they repeat was erased meanwhile; put them again.
        ValueError: something decided is taken back, and nobody was given that counts features.
    """
    brings = any(batch.retractions for batch in batches)
    alone = alone or brings or transaction.dialect.name == "sqlite"
    in_turn(transaction, alone=alone)
    before = _looked(transaction, batches, members)
    sifted = (
        tombstones.sift(transaction, batches) if before.erased else [(one, 0) for one in batches]
    )
    batches = [batch for batch, _ in sifted]
    hide = vault.without_details if vault is not None else str
    refused = [_note(transaction, batch, hide) for batch in batches]
    came = [message for batch in batches for message in batch.messages]
    new, arrivals = _sorted_out(transaction, came, vault)
    record_refused(transaction, arrivals.conflicting, hide)
    if arrivals.edited and not alone:
        raise NotAlone
    _edit(transaction, arrivals, features, vault)
    waiting = list(dict.fromkeys([*new, *arrivals.edited]))
    brought = {message.identity: message for message in came}
    wait = [brought[identity] for identity in waiting]
    _enqueue(transaction, wait, set(arrivals.edited), before, rounds or Rounds())
    gone = brings or before.taken_back
    retracted = _retract(transaction, batches, waiting, features) if gone else [0] * len(batches)
    return _shared_out(sifted, arrivals, refused, retracted)


def _looked(transaction: Connection, batches: Sequence[Batch], members: int) -> BeforePut:
    """Return what is to be known before a put; raise :class:`OtherShards` if the rooms of the
    batches may be elsewhere.
    """
    before = before_put(transaction)
    if before.members != members:
        raise OtherShards(before.members)
    if before.awaits:
        require_here(transaction, batches)
    return before


def _note(transaction: Connection, batch: Batch, hide: Callable[[str], str]) -> int:
    """Keep what a batch tells beside messages and retractions; return how many payloads were
    refused and not known.
    """
    record_gaps(transaction, batch.gaps)
    if batch.position is not None:
        record_position(transaction, batch.position)
    return record_refused(transaction, batch.refused, hide)


def _sorted_out(
    transaction: Connection, came: Sequence[Message], vault: Vault | None
) -> tuple[list[Identity], Arrivals]:
    """Insert what is new and compare the rest; return the new ones in the order they came in, and
    what became of all.
    """
    first: dict[Identity, Message] = {}
    for message in came:
        first.setdefault(message.identity, message)
    hidden = {identity: _hidden(message, vault) for identity, message in first.items()}
    inserted = insert_messages(transaction, [one.message for one in hidden.values()])
    if vault is not None:
        vault.keep(transaction, [hidden[identity] for identity in inserted])
    new = [identity for identity in first if identity in inserted]
    if len(new) == len(came):
        return new, Arrivals([Became.NEW] * len(new))
    rest: list[Message] = []
    is_new: list[bool] = []
    for message in came:
        # This is the one that was inserted; the others of its id are compared.
        is_new.append(message.identity in inserted)
        if is_new[-1]:
            inserted.remove(message.identity)
        else:
            rest.append(message)
    identities = list(dict.fromkeys(message.identity for message in rest))
    known = read_messages(transaction, identities)
    if len(known) < len(identities):
        raise StoreUnavailable("a message was erased while it came again")
    digest: Callable[[Message], str] = text_digest
    if vault is not None:
        known = vault.known(transaction, known, [hidden[identity] for identity in identities])
        digest = partial(vault.text_digest, transaction)
    arrivals = compared(rest, known, read_earlier(transaction, identities), digest)
    others = iter(arrivals.became)
    arrivals.became = [Became.NEW if new_one else next(others) for new_one in is_new]
    return new, arrivals


def _hidden(message: Message, vault: Vault | None) -> Hidden:
    return vault.hidden(message) if vault is not None else Hidden(message, Disguised(message.text))


def _edit(
    transaction: Connection, arrivals: Arrivals, features: FeatureState | None, vault: Vault | None
) -> None:
    if not arrivals.edited:
        return
    _take_back(transaction, list(arrivals.edited), features, undecided=False)
    edited = {one: _hidden(message, vault) for one, message in arrivals.edited.items()}
    if vault is not None:
        vault.drop(transaction, list(edited))
        vault.keep(transaction, edited.values())
    stored = {identity: one.message for identity, one in edited.items()}
    replace_messages(transaction, stored, arrivals.replaced)


def _retract(
    transaction: Connection,
    batches: Sequence[Batch],
    waiting: Sequence[Identity],
    features: FeatureState | None,
) -> list[int]:
    """Take back what retractions mean, those of these batches and those that came before their
    messages; return for each batch how many messages stood or waited until then.
    """
    cause: dict[Identity, int] = {}
    for number, batch in enumerate(batches):
        record_retractions(transaction, batch.retractions)
        for identity in meant_by(transaction, batch.retractions):
            cause.setdefault(identity, number)
    late = set(taken_back_before(transaction, waiting))
    for number, batch in enumerate(batches):
        for message in batch.messages if late else ():
            if message.identity in late:
                cause.setdefault(message.identity, number)
    taken = _take_back(transaction, list(cause), features, undecided=True)
    counts = Counter(cause[identity] for identity in taken)
    return [counts[number] for number in range(len(batches))]


def _shared_out(
    sifted: Sequence[tuple[Batch, int]],
    arrivals: Arrivals,
    refused: Sequence[int],
    retracted: Sequence[int],
) -> list[Accepted]:
    became, conflicts = iter(arrivals.became), iter(arrivals.conflicting)
    shares: list[Accepted] = []
    for number, (batch, erased) in enumerate(sifted):
        counts = Counter(islice(became, len(batch.messages)))
        shares.append(
            Accepted(
                new=counts[Became.NEW],
                repeated=counts[Became.REPEATED],
                refused=refused[number],
                edited=counts[Became.EDITED],
                conflicts=tuple(islice(conflicts, counts[Became.CONFLICTING])),
                retracted=retracted[number],
                erased=erased,
            )
        )
    return shares


def _enqueue(
    transaction: Connection,
    waiting: Sequence[Message],
    edited: set[Identity],
    before: BeforePut,
    rounds: Rounds,
) -> None:
    if not waiting:
        return
    revisions = next_revisions(transaction, list(edited))
    rooms = [(message.platform, message.room_id) for message in waiting]
    rows = [
        {
            "platform": message.platform,
            "message_id": message.message_id,
            "revision": revisions.get(message.identity, 0),
            "traceparent": message.traceparent,
            "attempts": 0,
            "token": None,
            "available_timestamp": before.now,
            "written_timestamp": before.now,
            "round_number": number,
        }
        for message, number in zip(
            waiting, rounds.deal(rooms, before.first_round, microseconds(before.now)), strict=True
        )
    ]
    upsert(transaction, inbox, ("platform", "message_id"), rows)


def _take_back(
    transaction: Connection,
    identities: Sequence[Identity],
    features: FeatureState | None,
    *,
    undecided: bool,
) -> set[Identity]:
    """Take messages out of every queue and retract what was decided; return those that stood or
    waited until now.
    """
    record, taken = SqlDecisions(), set[Identity]()
    for part in parts(identities):
        # The queues first, as worker and asker do: one that decides one of these meanwhile waits
        # for the row, and then finds its claim gone.
        waited = _leave_queues(transaction, part)
        entries = record.save(transaction, record.retract(transaction, part, undecided=undecided))
        if features is not None:
            features.add(transaction, entries)
        elif any(entry.previous is not None for entry in entries):
            raise ValueError("features must be uncounted with what is taken back")
        taken |= waited | {entry.message.identity for entry in entries}
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
