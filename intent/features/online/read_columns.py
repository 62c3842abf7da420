"""What was read of many entities at once, as columns; and which statistics read what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from intent.features.definitions.told_beside import TOLD_STATISTICS

Column: TypeAlias = NDArray[Any]
"""float64 with NaN for missing; objects for text (None is missing) and for lists."""

FROM_ROWS = frozenset(
    {
        *("count", "expected", "variance", "distinct", "coverage", "share_llm"),
        *("rate", "share_of_leads", "burst", "tags", "sequence_50"),
        *TOLD_STATISTICS,
    }
)
"""Statistics over windows; those of users count the user's own rows."""

OF_TOPICS = frozenset({"expected", "variance"})
"""Statistics that sum probabilities of topics."""

WITH_SUMS = OF_TOPICS | {"price_gap"}
"""Statistics that read sums."""


@dataclass(frozen=True, slots=True)
class Records:
    """Records of many entities, and for each the number of its entity."""

    records: NDArray[Any]
    owners: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Decisions of many entities within the longest window, in no order.

    Attributes:
        probabilities: in millionths, by topic, of those that features sum; zero where they are not
            measured.
        gaps: what each adds to the sum of gaps, in millionths of a doubling.
        columns: ids by column name, None where there is none; those that distinct features,
            sequences and keys need.
    """

    owners: NDArray[np.int64]
    at: NDArray[np.int64]
    mask: NDArray[np.int64]
    probabilities: dict[str, NDArray[np.int64]]
    gaps: NDArray[np.int64]
    columns: dict[str, Column]

    def owned(self, owners: NDArray[np.int64]) -> Rows:
        """Return the rows with other owners, without those whose owner is negative."""
        kept = np.flatnonzero(owners >= 0)
        return Rows(
            owners[kept],
            self.at[kept],
            self.mask[kept],
            {topic: p[kept] for topic, p in self.probabilities.items()},
            self.gaps[kept],
            {name: column[kept] for name, column in self.columns.items()},
        )
