"""Parity: served vectors are recomputed offline, by the other implementation, from facts as they
were known when they were served.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from intent.features.definitions.definitions import Definitions, FeatureSet
from intent.features.offline.build import build
from intent.features.offline.history import MARGIN, KnownHistory
from intent.features.online.served import Served, plain
from intent.model.errors import OperatorError
from intent.ports.features import Engine

LAGS = 20
"""Vectors that were read for an instant long before are recomputed a lag at a time; so many
different lags are, at most.
"""

RELATIVE = 1e-6


@dataclass(slots=True)
class Parity:
    """How served values compare with recomputed ones, for one feature: numbers of values.

    Attributes:
        missing: served as missing, recomputed as a value.
        extra: served as a value, recomputed as missing.
        racing: a decision was being stored within seconds of the read; the value is one that it
            could have been.
    """

    equal: int = 0
    mismatched: int = 0
    missing: int = 0
    extra: int = 0
    racing: int = 0
    example: str = ""

    @property
    def wrong(self) -> int:
        """Values that no race explains."""
        return self.mismatched + self.missing + self.extra


@dataclass(slots=True)
class ParityReport:
    """Comparison by feature, and vectors that were not compared: of another version, too fresh, or
    of too many lags.
    """

    features: dict[str, Parity] = field(default_factory=lambda: defaultdict(Parity))
    vectors: int = 0
    other_version: int = 0
    fresh: int = 0
    unchecked: int = 0

    @property
    def values(self) -> int:
        """Values compared."""
        return sum(one.equal + one.wrong + one.racing for one in self.features.values())

    @property
    def wrong_share(self) -> float:
        """Share of values that are wrong, 0 to 1."""
        return (
            sum(one.wrong for one in self.features.values()) / self.values if self.values else 0.0
        )

    @property
    def aside(self) -> str:
        """How many vectors were not compared, and why."""
        anew = (
            "served under other definitions of their feature set (its digest has changed; "
            "serve with the new one, and compare that)"
        )
        counts = {
            anew: self.other_version,
            "too fresh": self.fresh,
            "of too many lags": self.unchecked,
        }
        return ", ".join(f"{number:,} {why}" for why, number in counts.items() if number) or "none"


def check_parity(
    served: Iterable[Served],
    definitions: Definitions,
    engine: Callable[[], Engine],
    facts: Path,
    folder: Path,
    *,
    settled: int,
) -> ParityReport:
    """Recompute served vectors.

    Args:
        engine: opens an engine for one build.
        facts: exported facts.
        folder: for files in between.
        settled: facts are complete up to this instant, in microseconds; what was read later is too
            fresh to compare.
    """
    report = ParityReport()
    groups: defaultdict[tuple[str, int], list[Served]] = defaultdict(list)
    for one in served:
        if definitions.feature_set(one.feature_set).version != one.version:
            report.other_version += 1
        elif one.read > settled:
            report.fresh += 1
        else:
            lag = one.read - one.at
            groups[one.feature_set, 0 if abs(lag) <= MARGIN else lag].append(one)
    lags = 0
    for (name, lag), vectors in groups.items():
        lags += lag != 0
        if lags > LAGS and lag:
            report.unchecked += len(vectors)
            continue
        report.vectors += len(vectors)
        feature_set = definitions.feature_set(name)
        # What was stored within the margin around the read may have been seen or not.
        fewer, more = (
            _recomputed(
                vectors, feature_set, definitions, engine, facts, folder, KnownHistory(margin)
            )
            for margin in (MARGIN - lag, -MARGIN - lag)
        )
        for number, one in enumerate(vectors):
            for feature in feature_set.names:
                _compare(
                    report.features[feature],
                    feature,
                    one,
                    plain(fewer[feature][number]),
                    plain(more[feature][number]),
                )
    return report


def _recomputed(
    vectors: Sequence[Served],
    feature_set: FeatureSet,
    definitions: Definitions,
    engine: Callable[[], Engine],
    facts: Path,
    folder: Path,
    history: KnownHistory,
) -> Mapping[str, list[Any]]:
    spine, out = folder / "served.parquet", folder / "recomputed.parquet"
    keys = dict.fromkeys(key for one in vectors for key in one.keys)
    columns = {key: pa.array([one.keys.get(key) for one in vectors], pa.string()) for key in keys}
    columns["event_timestamp"] = pa.array([one.at for one in vectors], pa.int64()).cast(
        pa.timestamp("us", tz="UTC")
    )
    pq.write_table(pa.table(columns), spine)
    with engine() as opened:
        build(opened, feature_set, definitions, spine=spine, facts=facts, out=out, history=history)
    return {
        name: _listed(column)
        for name, column in pq.read_table(out, columns=list(feature_set.names)).to_pydict().items()
    }


def _listed(column: list[Any]) -> list[Any]:
    return [
        [list(entry.values()) for entry in value] if isinstance(value, list) else value
        for value in column
    ]


def _compare(parity: Parity, feature: str, one: Served, fewer: Any, more: Any) -> None:
    value = one.values.get(feature)
    if same(value, fewer) and same(value, more):
        parity.equal += 1
    elif not same(fewer, more):
        # Seconds around the read decide; a count may even lie in between.
        parity.racing += 1
    else:
        parity.missing += value is None
        parity.extra += fewer is None
        parity.mismatched += value is not None and fewer is not None
        parity.example = (
            parity.example or f"{dict(one.keys)} served {value!r}, recomputed {fewer!r}"
        )


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, numbers up to rounding."""
    if isinstance(one, float) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=RELATIVE)
    return bool(one == other)


def require_rows(report: ParityReport) -> None:
    """Do nothing if anything was compared.

    Raises:
        OperatorError: nothing was.
    """
    if not report.vectors:
        raise OperatorError(f"no served vector could be compared: {report.aside}")
