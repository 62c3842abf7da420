"""What was shown is a row to learn from, with the clicks and orders that were known by an instant."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from intent.model.errors import OperatorError
from intent.ranking.impression_log import NEVER, read_impressions, write_requests
from intent.store.times import microseconds
from tests.unit.ranking.shown_log import after, click, order, shown, write_log

FIRST = shown("q1", "a", 1, after(hours=1))
SECOND = shown("q1", "b", 2, after(hours=1))
LATER = shown("q2", "a", 1, after(hours=5))
CLICKED = [click(FIRST, after(hours=1, minutes=1)), click(LATER, after(hours=5, minutes=1))]


def test_an_order_counts_for_the_last_click_in_its_room_before_it(tmp_path: Path) -> None:
    told = after(hours=7)
    bought = [
        order("o1", LATER, after(hours=6), told),
        order("o2", SECOND, after(hours=6), told),  # no click there
    ]
    rows = read_impressions(write_log(tmp_path, [FIRST, SECOND, LATER], CLICKED, bought))
    assert rows.clicked.tolist() == [True, False, True]
    assert rows.told_at.tolist() == [NEVER, NEVER, microseconds(told)]
    assert rows.request.tolist() == [0, 0, 1]
    assert rows.position.tolist() == [1, 2, 1]


def test_labels_see_what_was_known_then_and_the_last_revision_of_it(tmp_path: Path) -> None:
    bought = [
        order("o1", LATER, after(hours=6), after(hours=7)),
        order("o1", LATER, after(days=3), after(days=3), status="refunded", revision=1),
    ]
    log = write_log(tmp_path, [FIRST, SECOND, LATER], CLICKED, bought)
    assert read_impressions(log, after(hours=6.5)).ordered.sum() == 0
    assert read_impressions(log, after(days=2)).ordered.tolist() == [False, False, True]
    assert read_impressions(log).ordered.sum() == 0
    assert read_impressions(log, after(hours=3)).clicked.tolist() == [True, False, False]
    assert read_impressions(log, after(days=2)).taken_at.tolist() == [NEVER] * 3
    assert read_impressions(log).taken_at.tolist() == [NEVER, NEVER, microseconds(after(days=3))]


def test_of_several_orders_for_a_click_one_that_stands_counts(tmp_path: Path) -> None:
    bought = [
        order("o1", LATER, after(hours=6), after(hours=7)),
        order("o1", LATER, after(days=3), after(days=3), status="cancelled", revision=1),
        order("o2", LATER, after(hours=8), after(hours=9)),
    ]
    rows = read_impressions(write_log(tmp_path, [FIRST, LATER], CLICKED, bought))
    assert rows.ordered.tolist() == [False, True]
    assert rows.told_at.tolist() == [NEVER, microseconds(after(hours=9))]


def test_an_order_long_after_a_click_counts_for_none(tmp_path: Path) -> None:
    bought = [order("o1", LATER, after(days=20), after(days=20))]
    log = write_log(tmp_path, [FIRST, SECOND, LATER], CLICKED, bought)
    assert not read_impressions(log).ordered.any()


def test_the_spine_has_the_impressions_in_their_order(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log", [LATER, FIRST, SECOND], CLICKED)
    write_requests(log, tmp_path / "spine.parquet")
    spine = pq.read_table(tmp_path / "spine.parquet")
    assert spine["room_id"].to_pylist() == ["a", "a", "b"]
    assert spine["event_timestamp"].to_pylist()[0] == after(hours=5)
    assert spine["item_id"].to_pylist() == [None] * 3
    assert spine["category_id"].to_pylist() == [None] * 3


def test_the_spine_has_the_categories_of_a_log_that_knows_them(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log", [LATER, FIRST], CLICKED)
    path = log / "impressions.parquet"
    table = pq.read_table(path)
    pq.write_table(table.append_column("category_id", [["dresses", None]]), path)
    write_requests(log, tmp_path / "spine.parquet")
    spine = pq.read_table(tmp_path / "spine.parquet")
    assert spine["category_id"].to_pylist() == ["dresses", None]


def test_a_log_without_a_file_and_one_without_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"no .*impressions.parquet"):
        read_impressions(tmp_path)
    with pytest.raises(OperatorError, match="no impressions"):
        read_impressions(write_log(tmp_path, []))
