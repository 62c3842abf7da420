"""Ranks rooms for a viewer as they are asked for: reads the features online that the ranker was
trained with, and scores them.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from intent.features.online.entity_rows import EntityRows
from intent.features.online.read import FeatureReader
from intent.ranking.click_order import ClickOrderModel, RankingScores
from intent.ranking.ranking_rows import online_rows


class OnlineRanker:
    """Scores entity rows by what is known now."""

    def __init__(self, reader: FeatureReader, model: ClickOrderModel) -> None:
        self._reader, self._model = reader, model

    def score(self, entity_rows: EntityRows, at: datetime) -> RankingScores:
        """Return the scores of entity rows as of ``at``, as if each stood first.

        Args:
            entity_rows: columns of equal length with the keys of the feature set's views, such as
                one user and the rooms that are live.

        Raises:
            OperatorError: a column is missing or too short, or ``at`` has no time zone.
        """
        table = self._reader.read(self._model.feature_set, entity_rows, at)
        return self._model.score(online_rows(table, entity_rows))

    def rank(self, entity_rows: EntityRows, at: datetime) -> NDArray[np.int64]:
        """Return the numbers of the rows, those first from which an order is likeliest."""
        return np.argsort(-self.score(entity_rows, at).order, kind="stable")
