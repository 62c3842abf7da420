"""Lets a world happen, slot by slot: rooms are shown, looked at, clicked, written in and bought
from; an order meets its need.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from eval.world.hosts_time import served
from eval.world.knobs import WorldKnobs
from eval.world.population import CATEGORIES, SLOT, SLOTS_A_DAY, Flags, Floats, Integers, Population

HALF_LIFE = 20 / 5
"""Slots after which what a reply carries over is half."""

_SHOWN_KNOWN, _SHOWN_TASTE, _SHOWN_FAME = 0.9, 2.0, 0.7
_CLICK, _CLICK_TASTE, _CLICK_KNOWN, _CLICK_NEED = -0.5, 1.2, 0.25, 0.9
_ORDER_ANYWAY, _ORDER_NEED, _RETURN = 0.0025, 0.1, 3.0
_CLICK_OFFER, _CLICK_RETURN = 0.3, 0.7
_ORDER_MOST = 0.9
_CHAT, _CHAT_MOST, _ASK, _ASK_MOST = 0.049, 60.0, 0.15, 0.8
_MOODS = 2.3
"""How people are shown, click, order and write: chosen so that rates come out as published and
measured (:mod:`eval.world.rates`). ``_MOODS`` is by how much readiness to chat differs from room to
room, in log units, beside :data:`eval.world.population.TALKING` from viewer to viewer.
"""


@dataclass(frozen=True)
class Happened:
    """What was shown, one row an impression, in the order of time and position; times are
    microseconds since the beginning.

    Attributes:
        request, user, room, position, at, slot: who was shown what, when and where; ranks from 1.
        propensity: chance that the policy put this room there, given what stands above, in (0, 1].
        relevance: chance of a click if it is looked at.
        looked: whether it was looked at.
        clicked: whether it was clicked.
        match: whether the user needs what the host sells, at that time.
        need: number of the need; -1 where there is none.
        asked: whether they ask about it in words.
        chats: how many other messages they write.
        replied: whether the host is to answer what was asked; drawn (knob ``answered``).
        order_chance: chance of an order by this impression as it was shown.
        ordered_without, ordered_with: whether they would order without and with a reply.
        willing: whether they want to order.
        ordered: whether they do: the host had time for them.
    """

    request: Integers
    user: Integers
    room: Integers
    position: Integers
    at: Integers
    propensity: Floats
    relevance: Floats
    looked: Flags
    clicked: Flags
    match: Flags
    need: Integers
    asked: Flags
    chats: Integers
    replied: Flags
    order_chance: Floats
    ordered_without: Flags
    ordered_with: Flags
    willing: Flags
    ordered: Flags


class _Present:
    """The state of the world at the beginning of a slot."""

    def __init__(self, there: Population) -> None:
        users, hosts = len(there.tempted), len(there.category)
        self.known = np.zeros((users, hosts), dtype=np.float32)
        self.need = np.full((users, CATEGORIES), -1, dtype=np.int64)
        self.asked = np.full((users, hosts), -1, dtype=np.int64)
        self.until = np.zeros((users, CATEGORIES), dtype=np.int64)
        self.carried = np.zeros(len(there.room_host))
        self.mood = np.ones((users, hosts), dtype=np.float32)
        self.begun = 0
        self.opened = 0
        self.slot = 0


@dataclass(frozen=True)
class _Shown:
    """Who sees what in a slot, one row an impression; ``match`` is whether they need it, and
    ``returns`` whether they asked this host about it before.
    """

    user: Integers
    room: Integers
    host: Integers
    category: Integers
    need: Integers
    match: Flags
    returns: Flags


def happen(there: Population, knobs: WorldKnobs, chance: np.random.Generator) -> Happened:
    """Let the days of a world pass."""
    now = _Present(there)
    edges = np.searchsorted(
        there.request_at, np.arange(knobs.days * SLOTS_A_DAY + 1) * SLOT, side="left"
    )
    parts = [
        _slot(now, there, knobs, slot, np.arange(first, last), chance)
        for slot, first, last in _busy(edges)
    ]
    return Happened(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(Happened)
        }
    )


def _busy(edges: Integers) -> Iterator[tuple[int, int, int]]:
    for slot, (first, last) in enumerate(zip(edges.tolist(), edges.tolist()[1:], strict=False)):
        if last > first:
            yield slot, first, last


def _slot(
    now: _Present,
    there: Population,
    knobs: WorldKnobs,
    slot: int,
    requests: Integers,
    chance: np.random.Generator,
) -> Happened:
    now.carried *= 0.5 ** ((slot - now.slot) / HALF_LIFE)
    now.slot = slot
    _begin_needs(now, there, (slot + 1) * SLOT)
    _open_rooms(now, there, knobs, slot * SLOT, chance)
    live = np.flatnonzero((there.room_begin <= slot * SLOT) & (slot * SLOT < there.room_end))
    row, place, propensity = _shown(now, there, requests, live, chance)
    shown = _who_sees_what(now, there, knobs, requests[row], live[place[:, 0]])
    attention = 1 / (1 + knobs.decay * place[:, 1])
    relevance = _relevance(now, there, knobs, shown)
    looked = chance.random(len(row)) < attention
    clicked = looked & (chance.random(len(row)) < relevance)
    asked, chats = _written(now, there, knobs, shown, clicked, chance)
    luck = there.luck[shown.user]
    luck = np.where(np.isnan(luck), chance.random(len(row)), luck)
    replied = asked & (luck < knobs.answered)
    without, with_reply, plain = _buying(now, there, knobs, shown, chance.random(len(row)))
    willing = np.where(replied, with_reply, without) & clicked
    ordered = served(shown.room, willing, chance.random(len(row)), knobs.capacity)
    _after(now, shown, clicked, ordered & shown.match, asked, replied)
    return Happened(
        request=requests[row],
        user=shown.user,
        room=shown.room,
        position=place[:, 1] + 1,
        at=there.request_at[requests][row],
        propensity=propensity,
        relevance=relevance,
        looked=looked,
        clicked=clicked,
        match=shown.match,
        need=np.where(shown.match, shown.need, -1),
        asked=asked,
        chats=chats,
        replied=replied,
        order_chance=attention * relevance * plain,
        ordered_without=without & clicked,
        ordered_with=with_reply & clicked,
        willing=willing,
        ordered=ordered,
    )


def _who_sees_what(
    now: _Present, there: Population, knobs: WorldKnobs, request: Integers, room: Integers
) -> _Shown:
    user, host = there.request_user[request], there.room_host[room]
    category = there.category[host]
    need = now.need[user, category]
    lasts = now.until[user, category] > there.request_at[request]
    match = (need >= 0) & lasts & (knobs.need > 0)
    returns = match & (now.asked[user, host] == need)
    return _Shown(user, room, host, category, need, match, returns)


def _relevance(now: _Present, there: Population, knobs: WorldKnobs, shown: _Shown) -> Floats:
    user, host = shown.user, shown.host
    logit = (
        _CLICK
        + there.tempted[user]
        + _CLICK_TASTE * there.taste[user, shown.category]
        + _CLICK_KNOWN * np.log1p(now.known[user, host])
        + _CLICK_OFFER * np.log(there.offer[host])
        + _CLICK_NEED * knobs.need * shown.match
        + _CLICK_RETURN * shown.returns
    )
    return np.asarray(1 / (1 + np.exp(-logit)))


def _written(
    now: _Present,
    there: Population,
    knobs: WorldKnobs,
    shown: _Shown,
    clicked: Flags,
    chance: np.random.Generator,
) -> tuple[Flags, Integers]:
    """Return who asks for what they need, and how many other messages they write."""
    talking = there.talking[shown.user] * now.mood[shown.user, shown.host]
    ask = _ASK * knobs.asking * knobs.need
    likely = np.minimum(ask * there.asking[shown.user], _ASK_MOST)
    asked = clicked & shown.match & (chance.random(len(talking)) < likely)
    likely_chats = np.minimum(_CHAT * knobs.chatting * talking, _CHAT_MOST)
    return asked, chance.poisson(likely_chats) * clicked


def _begin_needs(now: _Present, there: Population, until: int) -> None:
    last = int(np.searchsorted(there.need_begin, until))
    new = slice(now.begun, last)
    user, category = there.need_user[new], there.need_category[new]
    now.need[user, category] = np.arange(now.begun, last)
    now.until[user, category] = there.need_end[new]
    now.begun = last


def _open_rooms(
    now: _Present, there: Population, knobs: WorldKnobs, until: int, chance: np.random.Generator
) -> None:
    """Draw how ready everybody is to chat in the rooms that begin: most write nothing, few write a
    lot, whatever they need.
    """
    last = int(np.searchsorted(there.room_begin, until, side="right"))
    hosts = there.room_host[now.opened : last]
    spread = _MOODS * knobs.moods
    if spread:
        drawn = chance.normal(-(spread**2) / 2, spread, (len(hosts), len(now.mood)))
        now.mood[:, hosts] = np.exp(drawn).T
    now.opened = last


def _shown(
    now: _Present,
    there: Population,
    requests: Integers,
    live: Integers,
    chance: np.random.Generator,
) -> tuple[Integers, Integers, Floats]:
    """Draw the rooms of each request one after the other (R. L. Plackett, 1975, by the trick of
    E. J. Gumbel): the number of the request in the slot, place among the live rooms and position,
    and the chance of it given what stands above.
    """
    user, hosts = there.request_user[requests], there.room_host[live]
    score = (
        _SHOWN_KNOWN * np.log1p(now.known[user[:, None], hosts])
        + _SHOWN_TASTE * there.taste[user][:, there.category[hosts]]
        + _SHOWN_FAME * np.log(there.fame[hosts])
    ) * ~there.explored[requests][:, None]
    size = np.minimum(there.request_size[requests], len(live))
    drawn = np.argsort(-(score + chance.gumbel(size=score.shape)), axis=1)[:, : int(size.max())]
    weight = np.exp(score - score.max(axis=1, keepdims=True))
    taken = np.take_along_axis(weight, drawn, axis=1)
    above = taken.cumsum(axis=1) - taken
    left = np.maximum(weight.sum(axis=1, keepdims=True) - above, taken)
    inside = np.arange(drawn.shape[1]) < size[:, None]
    row, position = np.nonzero(inside)
    return row, np.column_stack([drawn[inside], position]), (taken / left)[inside]


def _buying(
    now: _Present, there: Population, knobs: WorldKnobs, shown: _Shown, draw: Floats
) -> tuple[Flags, Flags, Floats]:
    """Return who would order after a click, without and with a reply, and the chance without."""
    needed = _ORDER_NEED * knobs.need * shown.match * there.offer[shown.host]
    # Who asked a host about what they need comes back to that host to buy.
    needed *= np.where(shown.returns, _RETURN, 1.0)
    plain = knobs.buying * there.buying[shown.user] * (_ORDER_ANYWAY + needed)
    plain *= 1 + knobs.treatment * knobs.carry_over * np.minimum(now.carried[shown.room], 1.0)
    plain = np.minimum(plain, _ORDER_MOST)
    return draw < plain, draw < np.minimum(plain * (1 + knobs.treatment), 1.0), plain


def _after(
    now: _Present, shown: _Shown, clicked: Flags, met: Flags, asked: Flags, replied: Flags
) -> None:
    now.asked[shown.user[asked], shown.host[asked]] = shown.need[asked]
    np.add.at(now.known, (shown.user[clicked], shown.host[clicked]), 1.0)
    now.need[shown.user[met], shown.category[met]] = -1
    np.add.at(now.carried, shown.room[replied], 1.0)
