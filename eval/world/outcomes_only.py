"""Makes a world of outcomes alone, rooms × viewers, in a millisecond: for simulations that need
hundreds of worlds and no messages, impressions or files.

Viewers come to rooms of very different sizes, in slots of five minutes; some need what is sold,
ask, and may order. A reply is given to one half of those who ask, drawn evenly, and withheld from
the others; a coupon goes to one half of those it is meant for, who mostly buy anyway, and causes
nothing. Rooms and viewers have arms of an experiment each, drawn evenly, whose effect is the same
knob; what each would have done in every case is stored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eval.world.hosts_time import served
from eval.world.population import Flags, Integers

SLOTS = 24
"""Slots of five minutes that a room lasts."""

_COUPON_ANYWAY, _COUPON_OTHERS = 0.6, 0.02


@dataclass(frozen=True, slots=True)
class OutcomeKnobs:
    """Sizes and effects; every effect has a zero.

    Attributes:
        rooms: how many; each has a host of its own.
        viewers: median of a room.
        spread: of the logarithm of viewers; 0 for rooms of one size.
        rate: of viewers who order without any effect.
        mood: of rooms: spread of the logarithm of their rate; 0 for rooms alike.
        asking: share of those with a need who ask.
        needing: share of viewers with a need, who order eight times as often.
        effect: of the experiment's arm on orders, relative.
        reply: effect of a reply on orders, relative.
        capacity: orders that a host can take in a slot; 0 for no limit.
    """

    rooms: int = 40
    viewers: float = 60.0
    spread: float = 1.2
    rate: float = 0.02
    mood: float = 0.5
    needing: float = 0.15
    asking: float = 0.5
    effect: float = 0.0
    reply: float = 0.0
    capacity: int = 0


@dataclass(frozen=True)
class OutcomesOnly:
    """One row a viewer of a room.

    Attributes:
        room, slot: where and when, numbered from 0.
        room_arm, viewer_arm: arms of an experiment by room, and of one by viewer, drawn evenly.
        asks, replied: who asks, and to whom of these a reply was given; to the others it was
            withheld.
        offered, sent: to whom a coupon was meant, and to whom of these it was sent.
        without, with_reply: who would want to order without and with a reply, in the control arm.
        without_in_arm, with_reply_in_arm: the same in the treated arm.
        ordered: who orders where viewers have the arms ``viewer_arm``.
        ordered_by_room: who orders where rooms have the arms ``room_arm``.
    """

    room: Integers
    slot: Integers
    room_arm: Flags
    viewer_arm: Flags
    asks: Flags
    replied: Flags
    offered: Flags
    sent: Flags
    without: Flags
    with_reply: Flags
    without_in_arm: Flags
    with_reply_in_arm: Flags
    ordered: Flags
    ordered_by_room: Flags

    @property
    def caused(self) -> float:
        """Orders that replies cause, less those that they prevent, for each reply that is given, as
        long as hosts have time for all.
        """
        given = self.asks & self.replied
        return float((self.with_reply[given].sum() - self.without[given].sum()) / given.sum())


def outcomes_only(knobs: OutcomeKnobs, seed: int) -> OutcomesOnly:
    """Make one; the same knobs and seed make the same."""
    chance = np.random.default_rng(seed)
    sizes = np.exp(chance.normal(np.log(knobs.viewers), knobs.spread, knobs.rooms))
    room = np.repeat(np.arange(knobs.rooms), np.maximum(sizes.astype(np.int64), 2))
    many = len(room)
    slot = chance.integers(0, SLOTS, many)
    mood = np.exp(chance.normal(-(knobs.mood**2) / 2, knobs.mood, knobs.rooms))
    needs = chance.random(many) < knobs.needing
    plain = knobs.rate * mood[room] * np.where(needs, 8.0, 1.0) / (1 + 7 * knobs.needing)
    asks = needs & (chance.random(many) < knobs.asking)
    replied = asks & (chance.random(many) < 0.5)
    draw = chance.random(many)
    cases = {
        "without": draw < plain,
        "with_reply": draw < plain * (1 + knobs.reply),
        "without_in_arm": draw < plain * (1 + knobs.effect),
        "with_reply_in_arm": draw < plain * (1 + knobs.effect) * (1 + knobs.reply),
    }
    meant = np.where(cases["without"], _COUPON_ANYWAY, _COUPON_OTHERS)
    offered = chance.random(many) < meant
    room_arm = (chance.permutation(knobs.rooms) < knobs.rooms // 2)[room]
    viewer_arm = chance.random(many) < 0.5
    turn = chance.random(many)
    by_viewer, by_room = (
        served(room * SLOTS + slot, _wanted(cases, replied, arm), turn, knobs.capacity)
        for arm in (viewer_arm, room_arm)
    )
    return OutcomesOnly(
        room=room,
        slot=slot,
        room_arm=room_arm,
        viewer_arm=viewer_arm,
        asks=asks,
        replied=replied,
        offered=offered,
        sent=offered & (chance.random(many) < 0.5),
        **cases,
        ordered=by_viewer,
        ordered_by_room=by_room,
    )


def _wanted(cases: dict[str, Flags], replied: Flags, arm: Flags) -> Flags:
    treated = np.where(replied, cases["with_reply_in_arm"], cases["without_in_arm"])
    return np.where(arm, treated, np.where(replied, cases["with_reply"], cases["without"]))
