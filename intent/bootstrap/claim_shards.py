"""Finds the shard that a claim round is in, and opens rounds where their rooms are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from intent.bootstrap.answering_shards import AnsweringShards
from intent.bootstrap.application import Application
from intent.model.errors import WrongUse

if TYPE_CHECKING:
    from intent.model.claim_round import ClaimRound
    from intent.store.claim_rounds import RoundRequest


def open_in_home(shards: AnsweringShards, asked: RoundRequest) -> int:
    """Open a claim round where its room is, and return its number.

    Raises:
        WrongUse: it would overlap another round of the room, or end before it begins.
        ShardAway: a shard is away: a number is given once.
    """
    from intent.operations.claims import open_claims, open_claims_over

    found = shards.all()
    if len(found) == 1:
        return open_claims(found[0].database, asked)
    databases = [one.database for one in found]
    home = databases[shards.home_of_room(asked.platform, asked.room_id) - 1]
    return open_claims_over(databases, home, asked)


def home_of_claims(shards: AnsweringShards, number: int) -> Application:
    """Return the shard that a round is in; with one database nothing is looked up.

    Raises:
        WrongUse: there is no such round.
        ShardAway: none of those that answer has it, and others are away.
    """
    from intent.operations.claims import has_claims

    if not shards.several:
        return shards.all()[0]
    home = shards.find(lambda app: app if has_claims(app.database, number) else None)
    if home is None:
        raise WrongUse(f"there is no claim round {number}; see: intent claims list")
    return home


def claims_over(shards: AnsweringShards, room: str | None = None) -> list[ClaimRound]:
    """Return the rounds of all shards, the newest first.

    Raises:
        ShardAway: a shard is away: a list that lacks some would be taken for whole.
    """
    from intent.operations.claims import list_claims

    found = [held for app in shards.all() for held in list_claims(app.database, room=room)]
    return sorted(found, key=lambda held: -held.number)
