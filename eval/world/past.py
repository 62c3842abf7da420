"""Everything that came to pass in a world, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eval.world.decided import MeasuredDecisions
from eval.world.happening import Happened, happen
from eval.world.knobs import WorldKnobs, checked
from eval.world.population import SECOND, Integers, Population, populated
from eval.world.purchases import Bought, Coupons, bought, coupons
from eval.world.spoken import Said, WorldRevisions, revisions, said, watched


@dataclass(frozen=True)
class Past:
    """What came to pass; times are microseconds since the beginning.

    Attributes:
        clicked_at, watch: of each impression, when it was clicked and how long it was watched; also
            drawn for those without a click.
    """

    knobs: WorldKnobs
    there: Population
    happened: Happened
    clicked_at: Integers
    watch: Integers
    said: Said
    revisions: WorldRevisions
    bought: Bought
    coupons: Coupons


def come_to_pass(knobs: WorldKnobs, seed: int, decisions: MeasuredDecisions) -> Past:
    """Let a world happen.

    Raises:
        OperatorError: a knob is out of its range.
    """
    knobs = checked(knobs)
    parts = [np.random.default_rng(part) for part in np.random.SeedSequence(seed).spawn(7)]
    there = populated(knobs, parts[0])
    happened = happen(there, knobs, parts[1])
    clicked_at, watch = watched(happened, parts[2])
    words = said(happened, clicked_at, watch, knobs, decisions, parts[3])
    watch = _until_the_last_word(watch, words, clicked_at)
    return Past(
        knobs,
        there,
        happened,
        clicked_at,
        watch,
        words,
        revisions(words, knobs, decisions, parts[4]),
        bought(happened, clicked_at, watch, knobs, parts[5]),
        coupons(happened, parts[6]),
    )


def _until_the_last_word(watch: Integers, words: Said, clicked_at: Integers) -> Integers:
    """Return how long was watched: nobody leaves before their last word."""
    stayed, own = watch.copy(), ~words.by_host
    row = words.row[own]
    np.maximum.at(stayed, row, words.at[own] - clicked_at[row] + SECOND)
    return stayed
