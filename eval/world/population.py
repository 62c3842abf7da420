"""Draws who there is: users with their needs and habits, hosts with their rooms, and the requests
that users send.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.world.knobs import WorldKnobs

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

SECOND = 1_000_000
MINUTE, DAY = 60 * SECOND, 86_400 * SECOND
SLOT = 5 * MINUTE
SLOTS_A_DAY = DAY // SLOT
"""Time goes on in slots of five minutes, for which a host's capacity counts."""

CATEGORIES = 8
ITEMS = 2
"""Kinds of things that are sold, and items of a host."""

ROOMS_A_DAY = 1.22
"""Rooms of a streamer on one day in KuaiLive (arXiv 2508.05633)."""

REQUESTS_A_SESSION = 3.0
NEEDS_A_DAY = 0.17
NEED_DAYS = 3.0
SHOPPERS = 1.0
"""Needs that begin for a user on a day, how long one lasts where no order meets it, and by how much
users differ: some come to buy, others to watch.
"""

TALKING, ASKING = 1.3, 0.5
"""By how much users who write differ in how much they chat and ask, in log units."""

_HOURS = np.array(
    [
        3,
        2,
        1.5,
        1.2,
        1.2,
        1.5,
        2.5,
        3.5,
        4,
        4.2,
        4.4,
        4.6,
        5,
        5,
        4.6,
        4.4,
        4.6,
        5,
        6,
        7.5,
        8.5,
        8,
        6,
        4.5,
    ]
)
"""When people watch and hosts stream, by hour of the day: most in the evening."""


@dataclass(frozen=True)
class Population:
    """Users, hosts, rooms, needs and requests; times are microseconds since the beginning.

    Attributes:
        tempted, buying, talking, asking: of each user: how easily they click, in logits, and
            relative to 1 how readily they order, chat, and ask about what they need; who chats much
            need not ask much. The silent have 0 for both.
        luck: of each user, below which share of answers they are among the answered, 0 to 1; NaN
            where that is dealt each time they ask.
        taste: of each user for each category, shape (users, categories), each row sums to 1.
        category, fame, offer: of each host: what is sold, how well known they are, and how well
            they sell, relative to 1.
        room_host, room_begin, room_end: of each room, in the order in which they begin.
        need_user, need_category, need_begin, need_end: of each need, in the order of begin.
        request_user, request_at, request_size: of each request, in the order of time, and how many
            rooms it shows.
        explored: whether the request shows them in an order drawn evenly.
    """

    tempted: Floats
    buying: Floats
    talking: Floats
    asking: Floats
    luck: Floats
    taste: Floats
    category: Integers
    fame: Floats
    offer: Floats
    room_host: Integers
    room_begin: Integers
    room_end: Integers
    need_user: Integers
    need_category: Integers
    need_begin: Integers
    need_end: Integers
    request_user: Integers
    request_at: Integers
    request_size: Integers
    explored: Flags


def populated(knobs: WorldKnobs, chance: np.random.Generator) -> Population:
    """Return a population with exactly so many impressions as are asked for, as long as rooms are
    live when people come.
    """
    users, hosts = knobs.viewers, knobs.creators
    activity = _spread(chance, users, 0.8)
    silent = chance.random(users) < knobs.silent
    talking, asking = (np.where(silent, 0.0, _spread(chance, users, s)) for s in (TALKING, ASKING))
    taste = chance.dirichlet(np.full(CATEGORIES, 0.6), users)
    people: dict[str, Any] = {
        "tempted": chance.normal(0.0, 0.5, users),
        "buying": _spread(chance, users, 0.5),
        "talking": talking,
        "asking": asking,
        "taste": taste,
    }
    hosting: dict[str, Any] = {
        "category": chance.integers(0, CATEGORIES, hosts),
        "fame": _spread(chance, hosts, 0.9),
        "offer": _spread(chance, hosts, 0.4),
    }
    rooms = _rooms(knobs, chance)
    needs = _needs(knobs, taste, chance)
    requests = _requests(knobs, activity, rooms, chance)
    explored = chance.random(len(requests[0])) < knobs.explored
    # Drawn last, so that worlds in which it is dealt each time stay as they are.
    luck, once = chance.random(users), chance.random(users) < knobs.dealt_once
    people["luck"] = np.where(once, luck, np.nan)
    return Population(**people, **hosting, **rooms, **needs, **_named(requests), explored=explored)


def _spread(chance: np.random.Generator, size: int, sigma: float) -> Floats:
    """Return lognormal numbers with mean 1."""
    return np.exp(chance.normal(-(sigma**2) / 2, sigma, size))


def _times(chance: np.random.Generator, days: Integers) -> Integers:
    """Return an instant on each day, most of them in the evening."""
    hour = chance.choice(24, len(days), p=_HOURS / _HOURS.sum())
    return days * DAY + hour * (DAY // 24) + chance.integers(0, DAY // 24, len(days))


def _rooms(knobs: WorldKnobs, chance: np.random.Generator) -> dict[str, Any]:
    many = chance.poisson(ROOMS_A_DAY, (knobs.creators, knobs.days))
    host, day = (np.repeat(axis, many.ravel()) for axis in np.indices(many.shape).reshape(2, -1))
    begin = _times(chance, day)
    length = np.exp(chance.normal(np.log(100.0), 0.6, len(host))) * MINUTE
    length = np.clip(length, 15 * MINUTE, 10 * 60 * MINUTE).astype(np.int64)
    order = np.lexsort((begin, host))
    host, begin, length = host[order], begin[order], length[order]
    for row in range(1, len(host)):
        # A host has one room at a time: the next one begins when the last is over.
        if host[row] == host[row - 1]:
            over = begin[row - 1] + length[row - 1] + 5 * MINUTE
            begin[row] = max(begin[row], over)
    order = np.argsort(begin, kind="stable")
    return {
        "room_host": host[order],
        "room_begin": begin[order],
        "room_end": (begin + length)[order],
    }


def _needs(knobs: WorldKnobs, taste: Floats, chance: np.random.Generator) -> dict[str, Any]:
    """Draw needs; some have begun before the world does."""
    before = 2 * NEED_DAYS
    shoppers = _spread(chance, len(taste), SHOPPERS)
    many = chance.poisson(NEEDS_A_DAY * (knobs.days + before) * shoppers)
    user = np.repeat(np.arange(len(taste)), many)
    begin = (chance.random(len(user)) * (knobs.days + before) - before) * DAY
    lasts = chance.exponential(NEED_DAYS, len(user)) * DAY
    edges = taste.cumsum(axis=1)[user]
    category = (chance.random(len(user))[:, None] > edges).sum(axis=1).clip(max=CATEGORIES - 1)
    order = np.argsort(begin, kind="stable")
    kept = order[(begin + lasts)[order] > 0]
    return {
        "need_user": user[kept],
        "need_category": category[kept],
        "need_begin": begin[kept].astype(np.int64),
        "need_end": (begin + lasts)[kept].astype(np.int64),
    }


def live_counts(rooms: dict[str, Any], days: int) -> Integers:
    """Return how many rooms are live at the beginning of each slot."""
    slots = np.arange(days * SLOTS_A_DAY) * SLOT
    begun = np.searchsorted(np.sort(rooms["room_begin"]), slots, side="right")
    ended = np.searchsorted(np.sort(rooms["room_end"]), slots, side="right")
    return np.asarray(begun - ended)


def _requests(
    knobs: WorldKnobs, activity: Floats, rooms: dict[str, Any], chance: np.random.Generator
) -> tuple[Integers, Integers, Integers]:
    """Draw sessions until enough rooms are shown; the last request is cut short."""
    sessions = int(knobs.impressions / knobs.slate / REQUESTS_A_SESSION * 2) + 50
    user = chance.choice(len(activity), sessions, p=activity / activity.sum())
    begin = _times(chance, chance.integers(0, knobs.days, sessions))
    many = 1 + chance.poisson(REQUESTS_A_SESSION - 1, sessions)
    session = np.repeat(np.arange(sessions), many)
    pauses = chance.exponential(6.0, len(session)) * MINUTE
    since = pauses.cumsum()
    first = np.cumsum(many) - many
    at = begin[session] + (since - since[first][session]).astype(np.int64)
    counts = live_counts(rooms, knobs.days)
    slot = at // SLOT
    inside = slot < len(counts)
    size = np.where(inside, np.minimum(counts[np.minimum(slot, len(counts) - 1)], knobs.slate), 0)
    taken = np.flatnonzero(size.cumsum() - size < knobs.impressions)
    size[taken[-1]] -= max(int(size[taken].sum()) - knobs.impressions, 0)
    taken = taken[size[taken] > 0]
    order = taken[np.argsort(at[taken], kind="stable")]
    return user[session][order], at[order], size[order]


def _named(requests: tuple[Integers, Integers, Integers]) -> dict[str, Any]:
    return dict(zip(("request_user", "request_at", "request_size"), requests, strict=True))
