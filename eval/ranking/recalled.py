"""How many of the rooms that people clicked or ordered from were among the candidates for them,
with weights that were chosen on the days before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from eval.ranking.trained import TESTED
from intent.features.definitions.events import Topics
from intent.model.errors import OperatorError
from intent.ranking.candidate_log import read_asked, read_rooms, read_watched
from intent.ranking.creator_factors import CreatorFactors, fit_factors
from intent.ranking.impression_log import ShownRows, read_impressions
from intent.ranking.room_candidates import (
    AS_SET,
    NOTHING_ASKED,
    CandidateKnobs,
    CandidateReason,
    candidates,
)

MOST_CHECKED = 3_000
"""Clicks that are checked, drawn evenly; with orders, all are."""

MOST_TUNED = 800
"""The same of the days on which weights are chosen."""

TRIED: dict[str, tuple[float, ...]] = {
    "need": (0.1, 0.4, 0.8),
    "leaning": (0.03, 0.3),
    "half_life": (1.0, 7.0),
}
"""Weights that are tried beside those that are set."""

GROUPS = ("all", "warm viewer", "cold viewer", "cold creator", "asked before")


@dataclass(frozen=True, slots=True)
class RecallLine:
    """Recall of one group of rows.

    Attributes:
        recall: share whose room was among the candidates, with weights chosen on earlier days.
        as_set: the same with the weights that are set.
        without_need: the same where candidates know nothing of what was asked for.
        fame: the same where everybody gets what many watch.
        chance: the same for rooms drawn evenly.
    """

    of: str
    group: str
    rows: int
    recall: float
    as_set: float
    without_need: float
    fame: float
    chance: float


@dataclass(frozen=True, slots=True)
class RecallReport:
    """Recall by group, how many rooms were live in the mean, and why candidates were chosen.

    Attributes:
        tuned: days on which the weights were chosen; ``judged`` those that recall is of.
    """

    most: int
    knobs: CandidateKnobs
    tuned: tuple[str, ...]
    judged: tuple[str, ...]
    live: float
    lines: tuple[RecallLine, ...]
    reasons: dict[str, float]


class _AllRows:
    """What a log says whatever the day is: rooms, what was asked, and the keys of each row."""

    def __init__(self, log: Path, topics: Topics) -> None:
        names = ["user_id", "room_id", "creator_id"]
        keys = pq.read_table(log / "impressions.parquet", columns=names)
        self.rooms = read_rooms(log)
        self.asked = read_asked(log / "facts", 1 << topics.code["lead"])
        self.users, self.room_ids, self.creators = (keys[name].to_pylist() for name in names)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known when candidates are chosen, and the log's keys row by row."""

    factors: CreatorFactors
    log: _AllRows


def measured_recall(log: Path, topics: Topics, most: int, *, seed: int = 0) -> RecallReport:
    """Choose weights on days after those that candidates are fitted on, fit them again until these
    are over, and look for the clicks and orders of the last days.

    Raises:
        OperatorError: the log has fewer than three days.
    """
    shown = read_impressions(log)
    days = np.unique(shown.days)
    if len(days) < 3:
        raise OperatorError(
            f"the log has {len(days)} days; candidates are fitted on some, their weights chosen on "
            "later ones and judged on the last, so it needs three at least"
        )
    late = max(round(len(days) * TESTED), 1)
    first, last = days[-2 * late : -late] if len(days) > 2 * late else days[1:-late], days[-late:]
    held = _AllRows(log, topics)
    knobs = chosen_knobs(_known(log, held, first, seed), shown, first, most, seed)
    known = _known(log, held, last, seed)
    parts = _rows_of(shown, last, MOST_CHECKED, seed)
    lines: list[RecallLine] = []
    live: list[int] = []
    reasons: Counter[CandidateReason] = Counter()
    for name, rows in parts.items():
        hits = np.array([_hits(known, shown, row, most, knobs, reasons, live) for row in rows])
        lines += _lines(name, hits.reshape(len(rows), -1), _groups(known, shown, rows))
    total = max(reasons.total(), 1)
    return RecallReport(
        most,
        knobs,
        _named(first),
        _named(last),
        float(np.mean(live)),
        tuple(lines),
        {reason.name.lower(): reasons[reason] / total for reason in CandidateReason},
    )


def chosen_knobs(
    known: _Known, shown: ShownRows, days: NDArray[np.int64], most: int, seed: int
) -> CandidateKnobs:
    """Return the weights with the highest recall on some days: each is chosen in turn, clicks and
    orders count the same, and what is set stays where nothing is better.
    """
    parts = _rows_of(shown, days, MOST_TUNED, seed)
    best, highest = AS_SET, _recall(known, shown, parts, most, AS_SET)
    for name, values in TRIED.items():
        for value in values:
            knobs = replace(best, **{name: value})
            recall = _recall(known, shown, parts, most, knobs)
            if recall > highest:
                best, highest = knobs, recall
    return best


def _recall(
    known: _Known,
    shown: ShownRows,
    parts: Mapping[str, NDArray[np.int64]],
    most: int,
    knobs: CandidateKnobs,
) -> float:
    shares = [
        float(np.mean([_found(known, shown, int(row), most, knobs) for row in rows]))
        for rows in parts.values()
        if len(rows)
    ]
    return float(np.mean(shares)) if shares else 0.0


def _found(known: _Known, shown: ShownRows, row: int, most: int, knobs: CandidateKnobs) -> bool:
    at, user = int(shown.served[row]), known.log.users[row]
    there, asked = known.log.rooms.live(at), known.log.asked.before(user, at)
    found = candidates(known.factors, user, there, most, asked, knobs)
    return any(one.room == known.log.room_ids[row] for one in found)


def _known(log: Path, held: _AllRows, days: NDArray[np.int64], seed: int) -> _Known:
    cut = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=int(days[0]))
    return _Known(fit_factors(*read_watched(log, cut), seed=seed), held)


def _rows_of(
    shown: ShownRows, days: NDArray[np.int64], most: int, seed: int
) -> dict[str, NDArray[np.int64]]:
    there = np.isin(shown.days, days)
    return {
        "click": _drawn(there & shown.clicked, most, seed),
        "order": np.flatnonzero(there & shown.ordered),
    }


def _named(days: NDArray[np.int64]) -> tuple[str, ...]:
    return tuple(str(date(1970, 1, 1) + timedelta(days=int(day))) for day in days)


def _drawn(flags: NDArray[np.bool_], most: int, seed: int) -> NDArray[np.int64]:
    rows = np.flatnonzero(flags)
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def _hits(
    known: _Known,
    shown: ShownRows,
    row: int,
    most: int,
    knobs: CandidateKnobs,
    reasons: Counter[CandidateReason],
    live: list[int],
) -> list[float]:
    """Return whether a row's room is a candidate: as chosen, as set, without needs, by fame, by
    chance.
    """
    at, user, room = int(shown.served[row]), known.log.users[row], known.log.room_ids[row]
    there = known.log.rooms.live(at)
    live.append(len(there.rooms))
    asked = known.log.asked.before(user, at)
    found = candidates(known.factors, user, there, most, asked, knobs)
    plain = candidates(known.factors, user, there, most, asked)
    needless = candidates(known.factors, user, there, most, NOTHING_ASKED, knobs)
    nobody = candidates(known.factors, "", there, most, NOTHING_ASKED, knobs)
    reasons.update(one.reason for one in found)
    ways = (found, plain, needless, nobody)
    hits = [float(any(one.room == room for one in way)) for way in ways]
    return [*hits, min(most / max(len(there.rooms), 1), 1.0)]


def _groups(
    known: _Known, shown: ShownRows, rows: NDArray[np.int64]
) -> dict[str, NDArray[np.bool_]]:
    warm = np.array([known.log.users[row] in known.factors.users for row in rows], dtype=bool)
    new = np.array(
        [known.log.creators[row] not in known.factors.creators for row in rows], dtype=bool
    )
    asked = np.array(
        [
            len(known.log.asked.before(known.log.users[row], int(shown.served[row])).creators) > 0
            for row in rows
        ],
        dtype=bool,
    )
    flags = (np.ones(len(rows), dtype=bool), warm, ~warm, new, asked)
    return dict(zip(GROUPS, flags, strict=True))


def _lines(
    name: str, hits: NDArray[np.float64], groups: dict[str, NDArray[np.bool_]]
) -> list[RecallLine]:
    return [
        RecallLine(name, group, int(flags.sum()), *hits[flags].mean(axis=0).tolist())
        for group, flags in groups.items()
        if flags.any()
    ]
