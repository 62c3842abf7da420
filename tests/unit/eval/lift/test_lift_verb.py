"""``python -m eval lift`` on a log and on rows of one's own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import eval.__main__ as workbench
from eval.world.made import World
from eval.world.world_folder import write_world
from intent.features.definitions.events import Topics

DAY = 86_400 * 1_000_000


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["eval", *arguments])
    try:
        workbench.main()
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def write_rows(path: Path, *, ahead: bool) -> None:
    """Write rows of 40 people, of which one column of intents sees the click of its own row if it
    is to see ahead.
    """
    chance = np.random.default_rng(1)
    at = np.sort(chance.integers(0, 8 * DAY, 4_000))
    user = chance.integers(0, 40, len(at))
    clicked = chance.random(len(at)) < 0.3
    seen = np.zeros(len(at))
    for person in range(40):
        rows = np.flatnonzero(user == person)
        before = clicked[rows].cumsum() - (0 if ahead else clicked[rows])
        seen[rows] = before
    pq.write_table(
        pa.table(
            {
                "event_timestamp": pa.array(at).cast(pa.timestamp("us", "UTC")),
                "platform": pa.array(["shop"] * len(at)),
                "user_id": pa.array([f"u_{one}" for one in user]),
                "clicked": clicked,
                "bought": (clicked & (chance.random(len(at)) < 0.3)).astype(np.int64),
                "price": chance.normal(size=len(at)),
                "user__message__count_30d": np.zeros(len(at)),
                "user__lead__count_30d": seen,
            }
        ),
        path,
    )


@pytest.mark.parametrize(("ahead", "code"), [(False, 0), (True, 100)])
def test_a_column_of_rows_that_sees_ahead_is_named_and_fails_where_it_is_asked_to(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ahead: bool,
    code: int,
) -> None:
    path = tmp_path / "rows.parquet"
    write_rows(path, ahead=ahead)
    few = ("--refits", "1", "--shuffles", "2", "--strict")
    assert run(monkeypatch, "lift", "--rows", str(path), "--target", "bought", *few) == code
    said = capsys.readouterr().out
    assert said.startswith("LEAK: user__lead__count_30d knows") is ahead
    assert "promised and kept: not measured" in said


def test_a_world_is_measured_with_a_page_and_json(
    made: Callable[..., World],
    tmp_path: Path,
    topics: Topics,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_world(made(impressions=12_000, need=3.0, days=3), tmp_path / "world", topics)
    page = tmp_path / "lift.html"
    arguments = ("--world", str(tmp_path / "world"), "--refits", "1", "--shuffles", "2")
    assert run(monkeypatch, "lift", *arguments, "-o", str(page), "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["verdict"] in {"helps", "harms", "not shown"}
    assert [join["name"] for join in said["joins"]] == ["as known", "by event time"]
    assert abs(said["joins"][0]["leaked"]) <= 0.02
    assert said["silent_rows"] > 0
    assert said["headline"] in page.read_text(encoding="utf-8").replace("&#39;", "'")


def test_it_says_what_to_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "lift") == 1


def test_rows_with_a_column_that_is_the_label_are_refused_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.parquet"
    write_rows(path, ahead=False)
    table = pq.read_table(path)
    pq.write_table(table.append_column("paid", table["bought"]), path)
    assert run(monkeypatch, "lift", "--rows", str(path), "--target", "bought") == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "paid (tells bought with an AUC of 1.000)" in said
