"""Makes databases shards, and moves the rooms that then belong to another one while workers work.

::

    fence     every old shard, alone: it knows of the new number, and notes which rooms leave
    await     every new shard: it knows its number, and notes which rooms it waits for
    move      room by room: hold what waits · copy · it has come · delete where it was

A room has come in the one transaction that copies it; before, what comes for it waits, and from
then on it is put where it is. Whoever is killed anywhere runs the same again: what is done already
is seen in the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from intent.features.online.state import SqlFeatureState
from intent.model.errors import OperatorError
from intent.model.shard_map import ShardMap, ShardPlace
from intent.operations.shared_hooks import share_hooks
from intent.ports.ingestion import Transaction
from intent.store.engine import Database
from intent.store.room_copy import (
    FOR_EVER,
    copy_beside,
    copy_page,
    copy_what_all_have,
    delete_beside,
    delete_page,
    hold_queues,
    pages,
)
from intent.store.room_moves import (
    RoomMove,
    has_come,
    has_left,
    is_awaited,
    note_awaited,
    note_leaving,
    read_leaving,
)
from intent.store.shard_places import (
    holds_message,
    holds_what_stays,
    now_of,
    read_place,
    read_rooms,
    write_place,
)
from intent.store.turns import in_turn
from intent.store.vault import Vault


@dataclass(frozen=True, slots=True)
class ShardParts:
    """What moving needs of one database."""

    database: Database
    features: SqlFeatureState
    vault: Vault


class GrowingShards:
    """Shares rooms out over more databases than before."""

    def __init__(
        self,
        shards: Sequence[ShardParts],
        *,
        step: Callable[[str], None] = lambda name: None,
        progress: Callable[[int], None] = lambda moved: None,
    ) -> None:
        """Prepare; ``shards`` stand in the order of their numbers, those that are new last."""
        self._shards, self._step, self._progress = shards, step, progress
        self._rooms = ShardMap(len(shards))

    def run(self) -> int:
        """Make them shards, and move what belongs to another one; return how many rooms moved.

        Raises:
            OperatorError: a database is a shard of another number, or holds what the first keeps.
            StoreUnavailable: a database is away.
        """
        self._require_fitting()
        moves: list[RoomMove] = []
        for number in range(1, len(self._shards) + 1):
            moves += self._fence(number)
            self._step("fenced")
        for number in range(1, len(self._shards) + 1):
            self._await(number, [one for one in moves if one.target == number])
            self._step("awaited")
        share_hooks([one.database for one in self._shards])
        for count, one in enumerate(moves, 1):
            self._move(one)
            self._progress(count)
        return len(moves)

    def _require_fitting(self) -> None:
        for number, shard in enumerate(self._shards, 1):
            with shard.database.read() as connection:
                place, held = read_place(connection), holds_what_stays(connection)
                if place is not None and (
                    place.number != number or place.members > len(self._shards)
                ):
                    raise OperatorError(
                        f"database {number} is shard {place.number} of {place.members}; name all "
                        "shards in the order of: intent shards list, and new ones behind them"
                    )
                if place is None and number > 1 and read_rooms(connection):
                    raise OperatorError(
                        f"database {number} is no shard, and holds messages; only the first one may"
                    )
            if number > 1 and held is not None:
                raise OperatorError(
                    f"database {number} has {held}, which live in the first shard; put them there"
                )

    def _fence(self, number: int) -> list[RoomMove]:
        """Let an old shard know of the new ones, and note what leaves it; a new one is left for
        later.
        """
        place = ShardPlace(number, len(self._shards))
        with self._shards[number - 1].database.begin() as transaction:
            in_turn(transaction, alone=True)
            before = read_place(transaction)
            if before != place and (before is not None or number == 1):
                homes = {room: self._rooms.home(*room) for room in read_rooms(transaction)}
                note_leaving(
                    transaction,
                    [RoomMove(*one, number, home) for one, home in homes.items() if home != number],
                )
                write_place(transaction, place)
            return read_leaving(transaction, number)

    def _await(self, number: int, moves: Sequence[RoomMove]) -> None:
        place = ShardPlace(number, len(self._shards))
        with self._shards[number - 1].database.begin() as transaction:
            in_turn(transaction, alone=True)
            if read_place(transaction) == place:
                return
            for other in self._shards[: number - 1]:
                with other.database.read() as connection:
                    copy_what_all_have(connection, transaction)
            note_awaited(transaction, moves)
            write_place(transaction, place)

    def _move(self, move: RoomMove) -> None:
        source, target = self._shards[move.source - 1], self._shards[move.target - 1]
        with source.database.begin() as transaction:
            until = now_of(transaction) + timedelta(days=FOR_EVER)
            hold_queues(transaction, move.room, until)
        self._step("held")
        with source.database.begin() as transaction:
            # Nobody puts, replays or erases meanwhile, and what is read is locked.
            in_turn(transaction, alone=True)
            with target.database.read() as connection:
                awaited = is_awaited(connection, move.room)
            if awaited:
                self._copy(transaction, source, target, move)
                self._step("copied")
            else:
                _require_come(transaction, target, move)
            for page in pages(transaction, move.room, lock=True):
                source.features.remove(transaction, delete_page(transaction, page))
            delete_beside(transaction, move.room)
            has_left(transaction, move.room)
            self._step("deleting")
        self._step("deleted")

    def _copy(
        self, here: Transaction, source: ShardParts, target: ShardParts, move: RoomMove
    ) -> None:
        with target.database.begin() as there:
            in_turn(there, alone=True)
            # Before the messages, which have corrections of claim rounds.
            copy_beside(here, there, move.room)
            for page in pages(here, move.room, lock=True):
                entries = copy_page(here, there, page, (source.vault, target.vault))
                target.features.add(there, entries)
                self._step("copying")
            has_come(there, move.room)


def _require_come(here: Transaction, target: ShardParts, move: RoomMove) -> None:
    """Delete nothing that is not in its new shard."""
    first = next(pages(here, move.room, lock=True), None)
    with target.database.read() as there:
        if first is not None and not holds_message(there, *first[0]):
            raise OperatorError(
                f"room {move.platform}:{move.room_id} is noted to be in shard {move.target}, and "
                "is not there; nothing of it was deleted"
            )
