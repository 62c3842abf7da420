"""How many of the rooms that people clicked or ordered from were among the candidates for them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from eval.ranking.trained import TESTED
from intent.features.definitions.events import Topics
from intent.model.errors import OperatorError
from intent.ranking.candidate_log import AskedLog, RoomSpans, read_asked, read_rooms, read_watched
from intent.ranking.creator_factors import CreatorFactors, fit_factors
from intent.ranking.impression_log import ShownRows, read_impressions
from intent.ranking.room_candidates import NOTHING_ASKED, CandidateReason, candidates

DAY = 86_400 * 1_000_000

MOST_CHECKED = 3_000
"""Clicks that are checked, drawn evenly; with orders, all are."""

GROUPS = ("all", "warm viewer", "cold viewer", "cold creator", "asked before")


@dataclass(frozen=True, slots=True)
class RecallLine:
    """Recall of one group of rows.

    Attributes:
        recall: share whose room was among the candidates.
        without_need: the same where candidates know nothing of what was asked for.
        fame: the same where everybody gets what many watch.
        chance: the same for rooms drawn evenly.
    """

    of: str
    group: str
    rows: int
    recall: float
    without_need: float
    fame: float
    chance: float


@dataclass(frozen=True, slots=True)
class RecallReport:
    """Recall by group, how many rooms were live in the mean, and why candidates were chosen."""

    most: int
    live: float
    lines: tuple[RecallLine, ...]
    reasons: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known when candidates are chosen, and the log's keys row by row."""

    factors: CreatorFactors
    rooms: RoomSpans
    asked: AskedLog
    users: list[str]
    room_ids: list[str]
    creators: list[str]


def measured_recall(log: Path, topics: Topics, most: int, *, seed: int = 0) -> RecallReport:
    """Fit candidates on the first days of a log, and look for the clicks and orders of the last.

    Raises:
        OperatorError: the log has fewer than two days.
    """
    shown = read_impressions(log)
    days = np.unique(shown.days)
    if len(days) < 2:
        raise OperatorError(
            "the log has one day; candidates are fitted on some, and measured later"
        )
    begin = int(days[-max(round(len(days) * TESTED), 1)]) * DAY
    keys = pq.read_table(log / "impressions.parquet", columns=["user_id", "room_id", "creator_id"])
    cut = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=begin)
    known = _Known(
        fit_factors(*read_watched(log, cut), seed=seed),
        read_rooms(log),
        read_asked(log / "facts", 1 << topics.code["lead"]),
        *(keys[name].to_pylist() for name in ("user_id", "room_id", "creator_id")),
    )
    late = shown.served >= begin
    parts = {
        "click": _drawn(late & shown.clicked, seed),
        "order": np.flatnonzero(late & shown.ordered),
    }
    lines: list[RecallLine] = []
    live: list[int] = []
    reasons: Counter[CandidateReason] = Counter()
    for name, rows in parts.items():
        hits = np.array([_hits(known, shown, int(row), most, reasons, live) for row in rows])
        lines += _lines(name, hits.reshape(len(rows), -1), _groups(known, shown, rows))
    total = max(reasons.total(), 1)
    return RecallReport(
        most,
        float(np.mean(live)),
        tuple(lines),
        {reason.name.lower(): reasons[reason] / total for reason in CandidateReason},
    )


def _drawn(flags: NDArray[np.bool_], seed: int) -> NDArray[np.int64]:
    rows = np.flatnonzero(flags)
    if len(rows) <= MOST_CHECKED:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, MOST_CHECKED, replace=False))


def _hits(
    known: _Known,
    shown: ShownRows,
    row: int,
    most: int,
    reasons: Counter[CandidateReason],
    live: list[int],
) -> list[float]:
    """Return whether a row's room is a candidate: as it is, without needs, by fame, by chance."""
    at, user, room = int(shown.served[row]), known.users[row], known.room_ids[row]
    there = known.rooms.live(at)
    live.append(len(there.rooms))
    found = candidates(known.factors, user, there, most, known.asked.before(user, at))
    plain = candidates(known.factors, user, there, most, NOTHING_ASKED)
    nobody = candidates(known.factors, "", there, most, NOTHING_ASKED)
    reasons.update(one.reason for one in found)
    hits = [float(any(one.room == room for one in way)) for way in (found, plain, nobody)]
    return [*hits, min(most / max(len(there.rooms), 1), 1.0)]


def _groups(
    known: _Known, shown: ShownRows, rows: NDArray[np.int64]
) -> dict[str, NDArray[np.bool_]]:
    warm = np.array([known.users[row] in known.factors.users for row in rows], dtype=bool)
    new = np.array([known.creators[row] not in known.factors.creators for row in rows], dtype=bool)
    asked = np.array(
        [
            len(known.asked.before(known.users[row], int(shown.served[row])).creators) > 0
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
