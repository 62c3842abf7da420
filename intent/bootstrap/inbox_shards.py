"""Looks at the leads and rooms of all shards for whoever serves people."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from intent.bootstrap.answering_shards import AnsweringShards
from intent.bootstrap.application import Application
from intent.model.errors import ShardAway
from intent.operations.followed_shards import ShardInbox, in_inbox, inbox_of, look_at_shard
from intent.operations.lead_inbox import InboxView, look_at_inbox, walk_inbox
from intent.operations.report import platform_of_room, platforms_with
from intent.store.lead_shelf import ShelfFilter, ShelvedLead


def inbox_over(
    shards: AnsweringShards, asked: ShelfFilter, *, behind: str = "", limit: int = 40
) -> InboxView:
    """Return the inbox of all shards that answer, in one view of each; what is left out is said by
    its counts.

    Raises:
        WrongUse: ``behind`` is no place in the inbox.
        StoreUnavailable: no shard answers.
    """
    if not shards.several:
        found = shards.ask(
            lambda app: look_at_inbox(app.database, asked, behind=behind, limit=limit)
        )
        return found.found[1]

    def look(app: Application) -> ShardInbox:
        return look_at_shard(app.database, asked, behind=behind, limit=limit)

    answers = shards.ask(look)
    return inbox_of(answers.found, answers.members, limit=limit)


def walk_over(shards: AnsweringShards, asked: ShelfFilter) -> Iterator[ShelvedLead]:
    """Return what is asked for of all shards, in the order of the inbox.

    Raises:
        ShardAway: a shard is away: a list for keeps lacks nothing.
    """
    walks = [walk_inbox(one.database, asked) for one in shards.all()]
    return walks[0] if len(walks) == 1 else heapq.merge(*walks, key=in_inbox, reverse=True)


def room_over(
    shards: AnsweringShards, room_id: str, platform: str | None
) -> tuple[str | None, Application]:
    """Return the platform of a room, and the shard that has it; where it is on its way from one to
    another and in both, the one that it belongs to. With one database nothing is looked up.

    Raises:
        WrongUse: there is no such room, or several platforms have one and none is named.
        ShardAway: none of those that answer has it, and others are away.
    """
    if not shards.several:
        return platform, shards.all()[0]
    answers = shards.ask(lambda app: (app, platforms_with(app.database, room_id)))
    known = sorted({one for _, found in answers.found.values() for one in found})
    if answers.away and (not known or platform not in (None, *known)):
        raise ShardAway(answers.away)
    where = platform_of_room(known, room_id, platform)
    home = shards.home_of_room(where, room_id)
    having = {number: app for number, (app, found) in answers.found.items() if where in found}
    return where, having.get(home) or next(iter(having.values()))
