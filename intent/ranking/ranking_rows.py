"""What a ranker reads of each row: the numbers of its features, and, if its feature set has a
sequence, what the viewer asked for before.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from intent.features.definitions.definitions import FeatureSet
from intent.features.offline.model_input import built_matrix
from intent.features.online.arrow import to_arrow
from intent.features.online.entity_rows import EntityRows
from intent.features.online.read import FeatureTable
from intent.model.errors import OperatorError
from intent.ranking.intent_sequences import IntentSequences, read_sequences
from intent.store.times import microseconds

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RankingRows:
    """Rows to learn from or to score.

    Attributes:
        matrix: of shape (rows, features); NaN is missing.
        sequences: what each row's viewer asked for; None where the feature set has no sequence.
    """

    matrix: Floats
    sequences: IntentSequences | None = None

    def __len__(self) -> int:
        return len(self.matrix)

    def chosen(self, rows: NDArray[Any]) -> RankingRows:
        """Return some rows, by number or by flag."""
        held = None if self.sequences is None else self.sequences.chosen(rows)
        return RankingRows(self.matrix[rows], held)


def sequence_name(feature_set: FeatureSet) -> str | None:
    """Return the sequence of a feature set, the first if there are several; None if it has none."""
    return next((one.name for one in feature_set.features if one.statistic == "sequence_50"), None)


def built_rows(path: Path, feature_set: FeatureSet) -> RankingRows:
    """Read rows that ``intent features build`` wrote.

    Raises:
        OperatorError: the file cannot be read, or was not built with this set.
    """
    numbers, name = built_matrix(path, feature_set), sequence_name(feature_set)
    if name is None:
        return RankingRows(numbers)
    try:
        table = pq.read_table(path, columns=[name, "event_timestamp", "item_id"])
    except (OSError, KeyError, pa.ArrowInvalid) as error:
        raise OperatorError(f"{path} lacks what a sequence is read with: {error}") from error
    served = table["event_timestamp"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
    return RankingRows(numbers, read_sequences(table[name], served, table["item_id"].to_pylist()))


def online_rows(table: FeatureTable, entity_rows: EntityRows) -> RankingRows:
    """Return what was read online in the same form."""
    numbers, name = table.matrix(), sequence_name(table.feature_set)
    if name is None:
        return RankingRows(numbers)
    served = np.full(len(numbers), microseconds(table.at))
    items = entity_rows.get("item_id", [None] * len(numbers))
    items = [one if isinstance(one, str) else None for one in items]
    return RankingRows(numbers, read_sequences(to_arrow(table)[name], served, items))
