"""Compares blocks of time that were switched between two arms within rooms: the room's own level is
taken out, each block is a unit, and what an arm leaves behind is left out with the first minutes of
a block.

Source: I. Bojinov, D. Simchi-Levi and J. Zhao, Design and analysis of switchback experiments, 2023.
"""

from __future__ import annotations

import numpy as np

from intent.statistics.clusters import fit_clusters, group_sums, without_effects
from intent.statistics.ratios import ArmRatios
from intent.statistics.rooms import Floats, Integers

HALF_LIVES = 4
"""So many half-lives of what an arm leaves behind should be left out of a block: a sixteenth is
left of it then.
"""


def compare_blocks(
    numerators: Floats, denominators: Floats, treated: Floats, rooms: Integers
) -> ArmRatios:
    """Compare treated and control blocks within their rooms.

    The control ratio is that of all control blocks, the treated one lies above it by the effect
    within rooms. The error leaves one block out at a time (CRV3, with the room's level fitted
    anew); t with blocks less rooms less one.

    Args:
        numerators, denominators, treated: of each block, shape (..., blocks).
        rooms: number of each block's room, shape (blocks,).
    """
    there = denominators > 0
    rates = numerators / np.where(there, denominators, 1.0) * there
    arms = np.broadcast_to(treated, rates.shape).astype(np.float64)
    rooms = np.unique(rooms, return_inverse=True)[1]
    heavy = group_sums(denominators, rooms)[..., rooms]
    fitted = fit_clusters(
        without_effects(arms, denominators, rooms)[..., None],
        without_effects(rates, denominators, rooms),
        denominators,
        np.where(there, denominators / np.where(heavy > 0, heavy, 1.0), 0.0),
    )
    blocks = there.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt((blocks - 1) / blocks * (fitted.left_out[..., 0] ** 2).sum(axis=-1))
        aside = denominators * (1 - arms)
        control = (numerators * (1 - arms)).sum(axis=-1) / aside.sum(axis=-1)
        effect = fitted.values[..., 0]
        # the level of control is known much better than the effect within rooms
        log_error = error / (control + effect)
    levels = (group_sums(there.astype(np.float64), rooms) > 0).sum(axis=-1)
    freedom = np.maximum(blocks - levels - 1, 1).astype(np.float64)
    usable = np.where(control + effect > 0, log_error, np.nan)
    return ArmRatios(control, control + effect, error, usable, freedom)


def within_rooms(numerators: Floats, denominators: Floats, rooms: Integers) -> Floats:
    """Return numerators less what their room's level says: what may be dealt anew within a room."""
    over = np.bincount(rooms, weights=denominators)
    levels = np.bincount(rooms, weights=numerators) / np.where(over > 0, over, 1.0)
    return np.asarray(numerators - levels[rooms] * denominators)
