"""Chooses what is taken out of the ask lane next: a suspect, or what has gathered in a room, with
what says the same.

A text that floods a room is asked about once for all who said it: those that wait come along with
the batch, for the answer to what the model could not tell apart stands for all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, RowMapping, func, select

from intent.model.message import Message
from intent.model.question import Priority
from intent.queues.claims import available, with_message
from intent.store.rows import message_from
from intent.store.schema import ask_lane

WINDOW = 2_000
"""Questions that are looked at to choose the next room."""

ALONG = 480
"""Questions that come along with a batch because they say the same, at most."""

MOMENT = timedelta(seconds=60)
"""How long before the oldest of a batch it may have been said: the same words may mean something
else at another time.
"""

Chosen = list[ColumnElement[bool]]


def next_batch(
    transaction: Connection, now: datetime, count: int, gathered_before: datetime
) -> list[RowMapping]:
    """Lock and return the next questions with their messages, newest first, and none where nothing
    is ripe; at equal priority a suspect goes before the fresh.

    Args:
        count: how many are taken of a room, without those that come along.
        gathered_before: a room of which something has waited since then is ripe.
    """
    for priority in Priority:
        here = [available(ask_lane, now), ask_lane.c.priority == int(priority)]
        suspect = _suspect(transaction, here)
        if suspect:
            return _locked(transaction, [*here, *suspect], count + ALONG)
        room = _ripe_room(transaction, here, priority, count, now, gathered_before)
        if room:
            return _with_their_like(transaction, [*here, *room], count)
    return []


def like_the_first(said: Sequence[Message], count: int) -> list[int]:
    """Return the places of the first ``count`` messages, and of all that say the same as one of
    them.
    """
    first = {message.substance for message in said[:count]}
    return [
        place for place, message in enumerate(said) if place < count or message.substance in first
    ]


def says_anything_twice(said: Sequence[Message]) -> bool:
    """Say whether two messages say the same."""
    return len({message.substance for message in said}) < len(said)


def _with_their_like(transaction: Connection, chosen: Chosen, count: int) -> list[RowMapping]:
    rows = _locked(transaction, chosen, count)
    said = [message_from(row) for row in rows]
    # Where a text floods a room the newest repeat themselves, too; else nothing more is read.
    if len(rows) < count or not says_anything_twice(said):
        return rows
    at_the_time = ask_lane.c.event_timestamp >= said[-1].sent_at - MOMENT
    wider = _locked(transaction, [*chosen, at_the_time], count + ALONG)
    return [wider[place] for place in like_the_first([message_from(row) for row in wider], count)]


def _locked(transaction: Connection, chosen: Chosen, count: int) -> list[RowMapping]:
    candidates = (
        select(ask_lane)
        .where(*chosen)
        .order_by(ask_lane.c.event_timestamp.desc(), ask_lane.c.id.desc())
        .limit(count)
    )
    newest = [(ask_lane.c.event_timestamp, True), (ask_lane.c.id, True)]
    return list(transaction.execute(with_message(transaction, candidates, newest)).mappings())


def _suspect(transaction: Connection, here: Chosen) -> Chosen | None:
    first = select(ask_lane.c.id, ask_lane.c.attempts, ask_lane.c.token).where(
        *here, ask_lane.c.attempts > 0
    )
    row = transaction.execute(
        first.order_by(ask_lane.c.available_timestamp, ask_lane.c.id).limit(1)
    ).one_or_none()
    if row is None:
        return None
    # A token that is still there is that of an asker who died; its batch was one request, and the
    # same request finds the reply that was paid for.
    return (
        [ask_lane.c.token == row.token]
        if row.token is not None and row.attempts == 1
        else [ask_lane.c.id == row.id]
    )


def _ripe_room(
    transaction: Connection,
    here: Chosen,
    priority: Priority,
    count: int,
    now: datetime,
    gathered_before: datetime,
) -> Chosen | None:
    # The window bounds the work in a long lane: what lies behind it has its turn when the front has
    # been asked.
    newest_first = priority is Priority.LIVE
    order = (
        (ask_lane.c.event_timestamp.desc(), ask_lane.c.id.desc())
        if newest_first
        else (ask_lane.c.id,)
    )
    window = (
        select(ask_lane)
        .where(*here, ask_lane.c.attempts == 0)
        .order_by(*order)
        .limit(WINDOW)
        .subquery()
    )
    room = (window.c.run, window.c.platform, window.c.room_id)
    query = (
        select(*room)
        .group_by(*room)
        .having(
            (func.count() >= count)
            | (func.min(window.c.available_timestamp) <= gathered_before)
            | (func.max(window.c.available_timestamp) > now)  # put while a clock was ahead
        )
        .order_by(
            func.max(window.c.event_timestamp).desc() if newest_first else func.min(window.c.id)
        )
        .limit(1)
    )
    found = transaction.execute(query).one_or_none()
    if found is None:
        return None
    same = [
        ask_lane.c.run == found.run,
        ask_lane.c.platform == found.platform,
        ask_lane.c.room_id == found.room_id,
    ]
    return [*same, ask_lane.c.attempts == 0]
