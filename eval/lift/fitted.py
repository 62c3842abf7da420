"""Fits one ranker on the days before each block of days, and says what it predicts of the block:
every row that is judged is judged by what came before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intent.ranking.boosting import BoostingKnobs, LabelledRows, fit
from intent.ranking.calibration_curves import fitted_curve, fitted_shift

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_LEARNT = 0.4
"""Share of the days that is only learned from."""

_HELD_OUT = 0.25
"""Share of the learned rows, the last ones, that says how many trees pay and calibrates."""

_FEWEST = 10

CLICK_KNOBS = BoostingKnobs(trees=60, leaves=15, learning_rate=0.1, threads=1)
ORDER_KNOBS = BoostingKnobs(trees=150, leaves=6, learning_rate=0.05, least_rows=80, threads=1)

_MOST = 120_000
"""Rows that one model learns from at most; clicks are so many that more say nothing new."""


@dataclass(frozen=True)
class DayBlock:
    """Rows that are learned from, those that stop and calibrate, and those that are judged, by
    number.
    """

    learn: NDArray[np.int64]
    hold: NDArray[np.int64]
    judge: NDArray[np.int64]


def day_blocks(days: NDArray[np.int64], blocks: int) -> list[DayBlock]:
    """Divide the rows: the first days are only learned from, the others are judged block by block.

    Args:
        days: of each row, whole days.
    """
    every = np.unique(days)
    first = max(round(len(every) * _LEARNT), 1)
    found = []
    for judged in np.array_split(every[first:], min(blocks, max(len(every) - first, 1))):
        before = np.flatnonzero(days < judged[0])
        before = before[np.argsort(days[before], kind="stable")]
        cut = round(len(before) * (1 - _HELD_OUT))
        found.append(DayBlock(before[:cut], before[cut:], np.flatnonzero(np.isin(days, judged))))
    return found


@dataclass(frozen=True)
class LearnedRows:
    """What there is to learn.

    Attributes:
        labels: 0 or 1 for each row.
        among: rows that the label can come of: clicked ones for orders, all for clicks.
        positions: in the list; None where no list was shown.
        users: number of each row's user; refits draw users again.
    """

    labels: Flags
    among: Flags
    positions: NDArray[np.int64] | None
    users: NDArray[np.int64]


def predicted(
    rows: LearnedRows,
    blocks: Sequence[DayBlock],
    columns: NDArray[np.float32],
    others: Sequence[NDArray[np.float32]],
    knobs: BoostingKnobs,
    seed: int,
    group: int | None = None,
) -> list[Floats]:
    """Return calibrated probabilities of each judged row, from ``columns`` and from each of
    ``others`` by the same models; NaN where a row is not judged.

    Args:
        columns: that are learned from, shape (rows, columns).
        others: of the same form, that are only predicted from.
        seed: 0 learns from all users, any other from users drawn again with replacement.
        group: number of the column that is above 0 for the rows among which, too, predictions are
            to be right on average.
    """
    drawn = _drawn(rows.users, seed)
    found = [np.full(len(columns), np.nan) for _ in range(1 + len(others))]
    names = [f"f{number}" for number in range(columns.shape[1])]
    for block in blocks:
        learn, hold = (one[rows.among[one]] for one in (block.learn, block.hold))
        learn = learn[:: max(1, len(learn) // _MOST)]
        if min(rows.labels[learn].sum(), rows.labels[hold].sum()) < _FEWEST:
            for one in found:
                one[block.judge] = max(rows.labels[learn].mean(), 1e-6) if len(learn) else 1e-6
            continue
        held = _labelled(rows, columns, hold, None)
        trees = fit(
            _labelled(rows, columns, learn, drawn), names, held_out=held, knobs=knobs, seed=seed
        )
        told = trees.predict(held.matrix, held.positions)
        curve = fitted_curve(told, held.labels)
        shift = fitted_shift(curve.apply(told), held.labels, _inside(held.matrix, group))
        positions = None if rows.positions is None else rows.positions[block.judge]
        for values, one in zip((columns, *others), found, strict=True):
            judged = values[block.judge].astype(np.float64)
            meant = curve.apply(trees.predict(judged, positions))
            one[block.judge] = (
                meant if group is None else shift.apply(meant, _inside(judged, group))
            )
    return found


def _inside(matrix: Floats, group: int | None) -> Flags:
    if group is None:
        return np.zeros(len(matrix), dtype=bool)
    return np.asarray(np.nan_to_num(matrix[:, group]) > 0)


def _drawn(users: NDArray[np.int64], seed: int) -> Floats | None:
    if not seed:
        return None
    many = int(users.max()) + 1
    times = np.random.default_rng(seed).multinomial(many, np.full(many, 1 / many))
    return times.astype(np.float64)[users]


def _labelled(
    rows: LearnedRows,
    columns: NDArray[np.float32],
    chosen: NDArray[np.int64],
    drawn: Floats | None,
) -> LabelledRows:
    if drawn is not None:
        chosen = chosen[drawn[chosen] > 0]
    return LabelledRows(
        columns[chosen].astype(np.float64),
        rows.labels[chosen].astype(np.int8),
        None if rows.positions is None else rows.positions[chosen],
        None if drawn is None else drawn[chosen],
    )
