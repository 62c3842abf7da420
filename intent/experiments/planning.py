"""Says what an experiment could see: for each unit that can be dealt, the smallest visible effect
by simulation of an installation's own rooms, and how long it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from intent.experiments.own_rooms import RoomHistory
from intent.statistics.blocks import compare_blocks
from intent.statistics.clusters import student
from intent.statistics.ratios import ArmRatios, ArmUnits, compare_rooms
from intent.statistics.rooms import SEED, Floats, Integers

POWER = 0.8
RUNS = 600
"""Experiments that are drawn for each effect that is tried."""

_DRAWN = 1_500
"""Units of an experiment that are drawn, at most."""

_FEWEST_RUNS = 100

_FEWEST = 8
_LARGEST = 8.0
"""Effects above 800 % are not looked for."""

_STEPS = 9

INTERLEAVED = 40.0
"""So many times fewer requests than viewers' arms does interleaving need to tell two rankers apart,
in a world of ours; others say 50.
"""

Draw = Callable[[float, np.random.Generator], ArmRatios]


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """What dealing one kind of unit could see.

    Attributes:
        unit: viewer, room, creator, time or interleaving.
        units: how many there would be.
        visible: the smallest relative effect that is found four times in five; NaN where none is.
        false_alarms: how often these draws alarm without any effect; NaN where nothing was drawn.
        note: what stands against it.
    """

    unit: str
    days: float
    units: int
    visible: float
    false_alarms: float
    note: str


def plan_units(
    history: RoomHistory, days: Sequence[float], block: float, *, runs: int = RUNS
) -> list[UnitPlan]:
    """Return the plans of all units for each length.

    Args:
        days: lengths to look at.
        block: minutes for which an arm lasts where time is dealt.
        runs: experiments to draw for each effect.
    """
    found = []
    for length in days:
        rooms = max(round(history.a_day * length), 0)
        found += [
            _rooms(history, length, rooms, runs),
            _creators(history, length, rooms, runs),
            _time(history, length, rooms, block, runs),
            _viewers(history, length),
            *([_interleaving(history, length)] if history.ranked else []),
        ]
    return found


def visible_effect(draw: Draw, seed: int = SEED) -> float:
    """Return the smallest relative effect that is found four times in five; NaN above 800 %.

    Args:
        draw: draws experiments with this effect, the same ones for the same generator.
    """
    low, high = 0.0, 0.25
    while power_at(draw, high, seed) < POWER:
        low, high = high, 2 * high
        if high > _LARGEST:
            return float("nan")
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if power_at(draw, middle, seed) >= POWER else (middle, high)
    return high


def power_at(draw: Draw, effect: float, seed: int = SEED) -> float:
    """Return how often an effect is found, on its right side."""
    found = draw(effect, np.random.default_rng(seed))
    right = found.difference > 0
    return float(((np.nan_to_num(found.p(), nan=1.0) < 0.05) & right).mean())


def alarms_of(draw: Draw, seed: int = SEED) -> float:
    """Return how often experiments without effect are taken for one."""
    found = draw(0.0, np.random.default_rng(seed + 1))
    return float((np.nan_to_num(found.p(), nan=1.0) < 0.05).mean())


def draw_rooms_like(
    history: RoomHistory, rooms: int, runs: int = RUNS, *, grown: float = 1.0
) -> Draw:
    """Return what draws experiments of so many rooms: sizes as they were, drawn with replacement;
    rates spread as they were (gamma), counts by chance (Poisson).

    Args:
        grown: by what sizes are multiplied.
    """
    spread = history.spread()

    def draw(effect: float, random: np.random.Generator) -> ArmRatios:
        over = grown * random.choice(history.denominators, (runs, rooms))
        arms = random.permuted(np.tile(np.arange(rooms) % 2, (runs, 1)), axis=1).astype(float)
        rates = history.rate * _moods(random, spread, (runs, rooms))
        orders = random.poisson(rates * over).astype(np.float64)
        more = random.poisson(rates * over * effect * arms) if effect > 0 else 0.0
        return compare_rooms(ArmUnits(orders + more, over, arms))

    return draw


def _moods(random: np.random.Generator, spread: float, shape: tuple[int, ...]) -> Floats:
    if spread <= 0:
        return np.ones(shape)
    return np.asarray(random.gamma(1 / spread, spread, shape))


def _rooms(history: RoomHistory, days: float, rooms: int, runs: int) -> UnitPlan:
    note = "a boost moves viewers between rooms: what it brings is not what a roll-out brings"
    drawn = min(rooms, _DRAWN)
    made = partial(draw_rooms_like, history, drawn, runs)
    return _drawn("room", days, (rooms, drawn), made, note)


def _creators(history: RoomHistory, days: float, rooms: int, runs: int) -> UnitPlan:
    """Rooms of a creator are added up: there are as many creators as these rooms have."""
    above, below = (
        np.asarray(np.bincount(history.creators, weights=of), dtype=np.float64)
        for of in (history.numerators, history.denominators)
    )
    grown = rooms / len(history.numerators)
    whole = replace(history, numerators=above, denominators=below)
    note = "lasts beyond a room: for what hosts or their followers get used to"
    drawn = min(len(above), _DRAWN)
    made = partial(draw_rooms_like, whole, drawn, runs, grown=grown)
    return _drawn("creator", days, (len(above), drawn), made, note)


def _time(history: RoomHistory, days: float, rooms: int, block: float, runs: int) -> UnitPlan:
    note = f"blocks of {block:g} min; needs a burn-in of 4 half-lives of what an arm leaves behind"
    lengths = np.maximum((history.minutes // block).astype(int), 0)
    if not rooms or lengths.max() < 2:
        return UnitPlan(
            "time", days, 0, float("nan"), float("nan"), "rooms are shorter than two blocks"
        )
    units = round(rooms * float(lengths.mean()))
    some = max(round(min(rooms, _DRAWN / lengths.mean())), 1)
    places = np.random.default_rng(SEED).integers(0, len(lengths), some)
    draw = _draw_blocks(history, lengths, places, runs)
    return _drawn("time", days, (units, int(lengths[places].sum())), lambda: draw, note)


def _draw_blocks(history: RoomHistory, lengths: Integers, places: Integers, runs: int) -> Draw:
    """Return what draws experiments in these rooms, cut into so many blocks."""
    spread, rooms = history.spread(), len(places)
    numbers = np.repeat(np.arange(rooms), lengths[places])
    over = np.repeat(history.denominators[places] / np.maximum(lengths[places], 1), lengths[places])

    def draw(effect: float, random: np.random.Generator) -> ArmRatios:
        shape = (max(runs // 2, _FEWEST_RUNS), len(numbers))
        rates = history.rate * _moods(random, spread, (shape[0], rooms))[:, numbers]
        arms = random.integers(0, 2, shape).astype(float)
        orders = random.poisson(rates * over).astype(np.float64)
        more = random.poisson(rates * over * effect * arms) if effect > 0 else 0.0
        return compare_blocks(orders + more, np.broadcast_to(over, shape), arms, numbers)

    return draw


def _viewers(history: RoomHistory, days: float) -> UnitPlan:
    """Viewers are many: the effect by formula, each one as often as they were here."""
    people = round(history.viewers * days / history.days)
    note = "hosts who are at their limit take from one viewer what another gets"
    return UnitPlan("viewer", days, people, _by_viewers(history, days), float("nan"), note)


def _interleaving(history: RoomHistory, days: float) -> UnitPlan:
    visible = _by_viewers(history, days) / np.sqrt(INTERLEAVED)
    people = round(history.viewers * days / history.days)
    note = "tells which of two rankers is clicked more, and not by how much anything sells"
    return UnitPlan("interleaving", days, people, float(visible), float("nan"), note)


def _by_viewers(history: RoomHistory, days: float) -> float:
    counted = float(history.numerators.sum()) * days / history.days
    if counted <= 0:
        return float("nan")
    # Of two Poisson counts of half of that each, the logarithm of the ratio has this error.
    return float(
        np.expm1((student(0.95, np.inf) + student(2 * POWER - 1, np.inf)) * np.sqrt(4 / counted))
    )


def _drawn(
    unit: str, days: float, counts: tuple[int, int], made: Callable[[], Draw], note: str
) -> UnitPlan:
    """Return the plan of units of which some are drawn: so many see less by the square root."""
    units, drawn = counts
    if min(counts) < _FEWEST:
        nothing = float("nan")
        return UnitPlan(unit, days, units, nothing, nothing, f"fewer than {_FEWEST}: too few")
    draw = made()
    less = np.log1p(visible_effect(draw)) * np.sqrt(drawn / units)
    return UnitPlan(unit, days, units, float(np.expm1(less)), alarms_of(draw), note)
