"""How far two annotators agree: Cohen's kappa for each label and for lead, with intervals that
respect rooms.

Kappa: J. Cohen, A coefficient of agreement for nominal scales, 1960. The interval is a percentile
bootstrap that draws whole rooms, because messages of one room are not independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.data.dataset import AUTHOR, SECOND, Entry
from intent.model.taxonomy import Taxonomy

LEAD = "lead"
"""Name of the agreement on whether a message carries any lead intent."""

_CELLS = 4


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of two annotators on one yes-or-no question.

    Attributes:
        rows: messages that both have labelled.
        first: how many the first annotator said yes to; ``second`` likewise, ``both`` where both
            did.
        kappa: from -1 to 1; NaN where both gave one and the same answer to everything.
        low, high: 95 % interval of kappa, clustered by room.
    """

    label: str
    rows: int
    first: int
    second: int
    both: int
    kappa: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SlotAgreement:
    """Agreement of two annotators on slots, where both were asked for them.

    Attributes:
        rows: messages that both have labelled with slots.
        first: how many slots the first one gave; ``second`` likewise, ``both`` where both gave the
            same.
        f1: of one held against the other, from 0 to 1 and the same both ways (G. Hripcsak and A.
            Rothschild, 2005); NaN where neither gave any.
    """

    rows: int
    first: int
    second: int
    both: int
    f1: float


def agreement(
    rows: Sequence[Entry],
    taxonomy: Taxonomy,
    *,
    first: str = AUTHOR,
    second: str = SECOND,
    draws: int = 2000,
    seed: int = 20260131,
) -> list[Agreement]:
    """Compare two annotators, for lead and then for each label; rows that one of them has not
    labelled are left out.
    """
    both = [row for row in rows if row.by(first) and row.by(second)]
    rooms = _clusters([(row.input.platform, row.input.room_id) for row in both])
    questions = [(LEAD, taxonomy.leads), *((name, frozenset([name])) for name in taxonomy.names)]
    found = []
    for label, members in questions:
        one, other = (
            np.array([not members.isdisjoint(row.by(who) or ()) for row in both], dtype=bool)
            for who in (first, second)
        )
        found.append(_agreement(label, one, other, rooms, draws, seed))
    return found


def slot_agreement(rows: Sequence[Entry], *, first: str, second: str) -> SlotAgreement:
    """Compare the slots of two annotators; the same is the same kind with the same text."""
    pairs = []
    for row in rows:
        held = {one.by: one.slots for one in row.labels}
        one, other = held.get(first), held.get(second)
        if one is not None and other is not None:
            pairs.append((frozenset(one), frozenset(other)))
    given, taken = (sum(len(pair[side]) for pair in pairs) for side in (0, 1))
    both = sum(len(one & other) for one, other in pairs)
    f1 = 2 * both / (given + taken) if given + taken else float("nan")
    return SlotAgreement(len(pairs), given, taken, both, f1)


def by_guideline(
    rows: Sequence[Entry], *, first: str = AUTHOR, second: str = SECOND
) -> dict[int, list[Entry]]:
    """Return the rows that both have labelled, by the guideline version that the later of the two
    followed.
    """
    found: dict[int, list[Entry]] = {}
    for row in rows:
        versions = [held.guideline for held in row.labels if held.by in {first, second}]
        if len(versions) == len({first, second}):
            found.setdefault(max(versions), []).append(row)
    return dict(sorted(found.items()))


def cohens_kappa(cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return kappa for counts of shape (…, 4): no-no, no-yes, yes-no, yes-yes; NaN where chance
    alone agrees on everything.
    """
    total = cells.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = (cells[..., 0] + cells[..., 3]) / total
        first, second = (
            (cells[..., 2] + cells[..., 3]) / total,
            (cells[..., 1] + cells[..., 3]) / total,
        )
        chance = first * second + (1 - first) * (1 - second)
        kappa: NDArray[np.float64] = np.where(
            chance < 1, (observed - chance) / (1 - chance), np.nan
        )
    return kappa


def _clusters(rooms: Sequence[tuple[str, str]]) -> NDArray[np.int64]:
    numbers: dict[tuple[str, str], int] = {}
    return np.array([numbers.setdefault(room, len(numbers)) for room in rooms], dtype=np.int64)


def _agreement(
    label: str,
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    rooms: NDArray[np.int64],
    draws: int,
    seed: int,
) -> Agreement:
    if len(first) == 0:
        return Agreement(label, 0, 0, 0, 0, np.nan, np.nan, np.nan)
    kappa, low, high = kappa_interval(first, second, rooms, draws=draws, seed=seed)
    return Agreement(
        label,
        len(first),
        int(first.sum()),
        int(second.sum()),
        int((first & second).sum()),
        kappa,
        low,
        high,
    )


def kappa_interval(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    rooms: NDArray[np.int64],
    *,
    draws: int = 2000,
    seed: int = 20260131,
) -> tuple[float, float, float]:
    """Return kappa of two who answered the same questions by yes (True) or no, with the ends of its
    95 % interval.

    Args:
        rooms: number of each question's room, shape (n,), from 0 without gaps; at least one.
    """
    count = int(rooms.max()) + 1
    by_room = np.zeros((count, _CELLS))
    np.add.at(by_room, (rooms, 2 * first.astype(np.int64) + second), 1)
    random = np.random.default_rng(seed)
    # How often each room is drawn: a draw of rooms with replacement, for all draws at once.
    times = random.multinomial(count, np.full(count, 1 / count), size=draws)
    drawn = cohens_kappa(times @ by_room)
    drawn = drawn[~np.isnan(drawn)]
    low, high = np.quantile(drawn, (0.025, 0.975)) if len(drawn) else (np.nan, np.nan)
    return float(cohens_kappa(by_room.sum(axis=0))), float(low), float(high)
