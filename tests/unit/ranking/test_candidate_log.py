"""Candidates are made of what was known then."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from intent.ranking.candidate_log import REMEMBERED, read_asked, read_rooms, read_watched
from intent.store.times import microseconds
from tests.unit.ranking.shown_log import after, click, shown, write_log

LEAD = 1 << 32
ROWS = [
    shown("q1", "a", 1, after(hours=1)),
    shown("q2", "a", 1, after(hours=3)),
    shown("q2", "b", 2, after(hours=3)),
]


def test_clicks_that_were_not_known_yet_say_nothing(tmp_path: Path) -> None:
    clicks = [click(row, row["served_at"] + timedelta(minutes=1)) for row in ROWS]
    log = write_log(tmp_path, ROWS, clicks)
    assert read_watched(log, after(hours=2)) == (["u_1"], ["c_a"])
    assert read_watched(log, after(hours=9))[1] == ["c_a", "c_a", "c_b"]


def test_a_room_is_live_while_it_is_shown(tmp_path: Path) -> None:
    rooms = read_rooms(write_log(tmp_path, ROWS))
    assert rooms.live(microseconds(after(hours=2))).rooms == ["a"]
    assert rooms.live(microseconds(after(hours=3))).creators == ["c_a", "c_b"]
    assert rooms.live(microseconds(after(hours=4))).rooms == []


def test_what_was_asked_counts_once_it_was_known_and_until_it_is_forgotten(tmp_path: Path) -> None:
    said, known = microseconds(after(hours=1)), microseconds(after(hours=2))
    home = tmp_path / "date=2026-10-01"
    home.mkdir()
    facts = {
        "user_id": ["u_1", "u_1", "u_1"],
        "creator_id": ["c_a", "c_b", None],
        "message_id": ["m1", "m2", "m3"],
        "event": [said] * 3,
        "known": [known] * 3,
        "mask": [LEAD | 1, 1, LEAD],
    }
    pq.write_table(pa.table(facts), home / "x.parquet")
    asked = read_asked(tmp_path, LEAD)
    assert list(asked.before("u_1", known).creators) == []
    later = asked.before("u_1", known + 6_000_000)
    assert (list(later.creators), later.ago.tolist()) == (["c_a"], [3_606_000_000])
    assert list(asked.before("u_1", said + REMEMBERED + 1).creators) == []
    assert list(asked.before("nobody", known).creators) == []
