"""Tells from chat whether hosts can serve more leads than they do: if not, what helps one viewer
takes from another, and a test of viewers promises what a roll-out cannot keep.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from intent.experiments.arm_findings import CapacityFinding
from intent.outcomes.unit_sums import RoomLeads

SLOT = 60.0
"""Seconds in which the answers of a host are counted."""

BINDS = 0.05
"""From this share of leads that were turned away on, capacity binds."""

_BUSIEST = 99
"""Percentile of answers a slot that stands for what a host can do."""


def find_capacity(rooms: Sequence[RoomLeads]) -> CapacityFinding | None:
    """Return what the leads of rooms say of their hosts; None without any."""
    leads = sum(len(room.said) for room in rooms)
    if not leads:
        return None
    answers = [_a_slot(room.answered[~np.isnan(room.answered)]) for room in rooms]
    served = np.concatenate([counts for _, counts in answers])
    unanswered = sum(int(np.isnan(room.answered).sum()) for room in rooms)
    minutes = sum(len(np.unique(room.said // SLOT)) for room in rooms)
    if not len(served):
        return CapacityFinding(leads, unanswered, 0.0, float("nan"), unanswered / minutes)
    most = float(np.percentile(served, _BUSIEST))
    away = 0
    for room, (slots, counts) in zip(rooms, answers, strict=True):
        lost = room.said[np.isnan(room.answered)] // SLOT
        away += int(np.isin(lost, slots[counts >= most]).sum())
    return CapacityFinding(leads, unanswered, most, away / leads, unanswered / minutes)


def binds(found: CapacityFinding | None) -> bool:
    """Whether capacity binds; not where nobody tells of answers."""
    return found is not None and found.turned_away >= BINDS


def _a_slot(
    at: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> tuple[
    np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    np.ndarray[tuple[int, ...], np.dtype[np.int64]],
]:
    return np.unique(at // SLOT, return_counts=True)
