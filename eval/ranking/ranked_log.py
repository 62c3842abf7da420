"""Builds the features of a log of impressions, as they were known when each was shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eval.world.world_folder import read_table
from intent.features.definitions.definitions import Definitions, FeatureSet
from intent.features.offline.build import build
from intent.features.offline.duck import DuckEngine
from intent.features.offline.history import KnownHistory
from intent.features.offline.model_input import numeric_names
from intent.ranking.impression_log import ShownRows, read_impressions, write_requests
from intent.ranking.ranking_rows import RankingRows, built_rows

Floats = NDArray[np.float64]

SPINE, BUILT = "requests.parquet", "rows.parquet"


@dataclass(frozen=True, slots=True)
class RankedLog:
    """Impressions with their features, row by row.

    Attributes:
        rows: what a ranker reads of each impression.
        shown: with all that the log knows of clicks and orders.
        relevance: the true chance of a click if it is looked at, where the log is a world's.
    """

    folder: Path
    feature_set: FeatureSet
    names: list[str]
    rows: RankingRows
    shown: ShownRows
    relevance: Floats | None

    @property
    def matrix(self) -> Floats:
        """The numbers of the features, of shape (impressions, features)."""
        return self.rows.matrix

    def as_known(self, until: datetime) -> ShownRows:
        """Return the impressions with what was known of them at an instant."""
        return read_impressions(self.folder, until)


def ranked_log(
    folder: Path, out: Path, feature_set: FeatureSet, definitions: Definitions
) -> RankedLog:
    """Build the features of all impressions of a log, into files below ``out``.

    Args:
        folder: impressions, clicks, conversions and ``facts/``, such as ``python -m eval world``
            writes.

    Raises:
        OperatorError: something of that is missing.
    """
    out.mkdir(parents=True, exist_ok=True)
    spine, built = out / SPINE, out / BUILT
    write_requests(folder, spine)
    with DuckEngine(out) as engine:
        build(
            engine,
            feature_set,
            definitions,
            spine=spine,
            facts=folder / "facts",
            out=built,
            history=KnownHistory(),
        )
    truth = folder / "truth" / "impressions.parquet"
    return RankedLog(
        folder,
        feature_set,
        numeric_names(feature_set),
        built_rows(built, feature_set),
        read_impressions(folder),
        read_table(folder, "truth/impressions")["relevance"].to_numpy() if truth.exists() else None,
    )
