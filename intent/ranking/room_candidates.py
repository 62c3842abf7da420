"""Chooses which live rooms are worth ranking for a viewer: where they asked, or others sell the
like; whom people like them watch; and what many watch, where nothing is known of a viewer or a
creator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from intent.ranking.creator_factors import CreatorFactors

Floats = NDArray[np.float64]

DAY = 86_400 * 1_000_000.0
"""Microseconds."""

RARE = 1e-6
"""A share of clicks that is added before the logarithm is taken."""


@dataclass(frozen=True, slots=True)
class CandidateKnobs:
    """How much each reason counts. As set they are as good on later days of simulated worlds as
    those that ``python -m eval rank recall`` chooses on earlier ones.

    Attributes:
        need: what the nearest to something asked just now has beside likeness, which is about 1 at
            most.
        half_life: days after which what somebody asked for says half as much.
        leaning: weight of the logarithm of fame beside likeness: of two that are as like, the
            famous one.
        cold: share that is kept for creators of whom nobody knows yet what they are worth.
    """

    need: float = 0.2
    half_life: float = 3.0
    leaning: float = 0.1
    cold: float = 0.1


AS_SET = CandidateKnobs()


class CandidateReason(Enum):
    """Why a room is a candidate."""

    NEED = "asked there, or where the like is sold: without that it would be none"
    LIKENESS = "people who watch the same watch it"
    FAME = "many watch it, and nothing is known of the viewer"
    NEW = "nothing is known of its creator yet"


@dataclass(frozen=True, slots=True)
class LiveRooms:
    """Rooms that are live at one instant: their ids and creators, one each."""

    rooms: Sequence[str]
    creators: Sequence[str]


@dataclass(frozen=True, slots=True)
class AskedLeads:
    """What one viewer asked for, as it was known: whom, and how many microseconds ago."""

    creators: Sequence[str]
    ago: NDArray[np.int64]


NOTHING_ASKED = AskedLeads((), np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class RoomCandidate:
    """A live room, and why it is worth ranking."""

    room: str
    reason: CandidateReason


def candidates(
    factors: CreatorFactors,
    user_id: str,
    live: LiveRooms,
    most: int,
    asked: AskedLeads = NOTHING_ASKED,
    knobs: CandidateKnobs = AS_SET,
) -> list[RoomCandidate]:
    """Return at most so many rooms, all of them live, each once, the likeliest first, and behind
    them those of creators of whom nothing is known, for whom a share is kept.

    A viewer of whom nothing is known gets what many watch, and what they asked for.
    """
    places = factors.places(live.creators)
    known, new = np.flatnonzero(places >= 0), np.flatnonzero(places < 0)
    kept = min(len(new), max(round(most * knobs.cold), most - len(known)))
    cold = factors.user(user_id) is None
    plain = like_scores(factors, user_id, places[known], knobs)
    score = plain + knobs.need * need_scores(factors, live, places, asked, knobs)[known]
    anyway = set(_best(plain, most - kept))
    usual = CandidateReason.FAME if cold else CandidateReason.LIKENESS
    chosen = [
        (known[number], usual if number in anyway else CandidateReason.NEED)
        for number in _best(score, most - kept)
    ]
    chosen += [(number, CandidateReason.NEW) for number in new[:kept]]
    return [RoomCandidate(live.rooms[int(number)], reason) for number, reason in chosen]


def _best(score: Floats, most: int) -> list[int]:
    return [int(number) for number in np.argsort(-score, kind="stable")[:most]]


def like_scores(
    factors: CreatorFactors,
    user_id: str,
    places: NDArray[np.int64],
    knobs: CandidateKnobs = AS_SET,
) -> Floats:
    """Return how much known creators are like whom a viewer watches, leaning to who is watched
    most; of a cold viewer the latter alone.
    """
    famous = knobs.leaning * np.log(factors.fame[places] + RARE)
    vector = factors.user(user_id)
    return famous if vector is None else factors.of_creators[places] @ vector + famous


def need_scores(
    factors: CreatorFactors,
    live: LiveRooms,
    places: NDArray[np.int64],
    asked: AskedLeads,
    knobs: CandidateKnobs = AS_SET,
) -> Floats:
    """Return how near each creator is to what a viewer asked for lately: from 0 on, 1 for what was
    asked there just now.

    Another creator counts by the cosine of the two vectors about their mean: who is watched by the
    same people often sells the same kind of thing, and all are watched by those who watch much.
    """
    score = np.zeros(len(places))
    if not len(asked.creators):
        return score
    apart = factors.of_creators - factors.of_creators.mean(axis=0)
    length = np.linalg.norm(apart, axis=1)
    unit = apart / np.where(length > 0, length, 1.0)[:, None]
    weights = np.exp2(-asked.ago / (knobs.half_life * DAY))
    of_asked = factors.places(asked.creators)
    for creator, weight, place in zip(asked.creators, weights, of_asked, strict=True):
        same = np.array([one == creator for one in live.creators], dtype=bool)
        near = unit[places] @ unit[place] if place >= 0 else np.zeros(len(places))
        score += weight * np.where(same, 1.0, np.where(places >= 0, np.maximum(near, 0.0), 0.0))
    return score
