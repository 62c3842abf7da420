"""The verb ``intent impressions ingest``, as people type it, over files as they have them."""

from __future__ import annotations

import csv
import io
import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from intent.bootstrap.application import open_application
from intent.bootstrap.outcomes import outcome_recorder
from intent.features.offline.parquet_rows import parquet_rows
from intent.operations import shown
from intent.operations.shown import ingest_shown
from intent.outcomes.files.said_values import TimesOnly
from intent.ranking.impression_log import read_impressions
from intent.store.access import Access
from intent.store.schema import clicks, impressions
from tests.integration.test_command_line import Run
from tests.integration.test_command_line import run as run

AT = datetime(2026, 11, 14, 12, 0, 5, tzinfo=UTC)


def impression(number: int, **other: Any) -> dict[str, Any]:
    return {
        "request_id": f"q-{number // 3}",
        "platform": "tiktok",
        "user_id": f"u_{number // 3}",
        "room_id": f"live-{number}",
        "position": number % 3 + 1,
        "served_at": AT.isoformat(),
        "policy": "by_fame@3",
        "propensity": 0.25,
        **other,
    }


def click(number: int, **other: Any) -> dict[str, Any]:
    row = impression(number)
    kept = {name: row[name] for name in ("request_id", "platform", "user_id", "room_id")}
    return {**kept, "clicked_at": AT.isoformat(), "watch_seconds": 12.5, **other}


def as_json_lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def as_csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def test_each_form_says_the_same_and_comes_in_once(run: Run, tmp_path: Path) -> None:
    rows = [impression(number) for number in range(7)]
    (tmp_path / "shown.jsonl").write_text(as_json_lines(rows), encoding="utf-8")
    (tmp_path / "shown.csv").write_text(as_csv(rows), encoding="utf-16")
    typed = [{**row, "served_at": AT} for row in rows]
    pq.write_table(pa.Table.from_pylist(typed), tmp_path / "shown.parquet")
    counts = []
    for name in ("shown.jsonl", "shown.csv", "shown.parquet"):
        (told,) = run("impressions", "ingest", str(tmp_path / name), "--json").lines()
        assert (told["records"], told["refused"]) == (7, {})
        counts.append((told["impressions"]["new"], told["impressions"]["known"]))
    assert counts == [(7, 0), (0, 7), (0, 7)]
    (tmp_path / "clicks.csv").write_text(as_csv([click(1)]), encoding="utf-8")
    (told,) = run("impressions", "ingest", str(tmp_path / "clicks.csv"), "--json").lines()
    assert told["clicks"]["new"] == 1


def test_an_impression_may_name_its_category_and_need_not(run: Run, tmp_path: Path) -> None:
    rows = [impression(1, category_id="dresses"), impression(2)]
    (tmp_path / "shown.jsonl").write_text(as_json_lines(rows), encoding="utf-8")
    run("impressions", "ingest", str(tmp_path / "shown.jsonl"))
    with open_application().database.read() as connection:
        query = select(impressions.c.category_id).order_by(impressions.c.id)
        assert connection.scalars(query).all() == ["dresses", None]


REFUSED = [
    (impression(0, position=0), "position is no whole number from 1 on"),
    (impression(0, position=1.5), "position is no whole number from 1 on"),
    (impression(0, propensity=0), "propensity does not lie above 0 and up to 1"),
    (impression(0, propensity=1.1), "propensity does not lie above 0 and up to 1"),
    (impression(0, propensity="NaN"), "propensity is no number"),
    (impression(0, user_id=""), "user_id is missing"),
    (impression(0, policy=None), "policy is missing"),
    (impression(0, room_id="1.2E+15"), "room_id was cut by a spreadsheet"),
    (impression(0, served_at="2026-11-14 20:00:05"), "a time that does not say its zone"),
    (impression(0, served_at="2999-01-01T00:00:00Z"), "a time that lies in the future"),
    (impression(0, clicked_at=AT.isoformat()), "one of served_at"),
    (click(0, watch_seconds=-1), "watch_seconds is below 0"),
    (click(0, clicked_at=None), "one of served_at"),
]


def test_what_cannot_be_trusted_is_refused_by_line_and_reason(run: Run, tmp_path: Path) -> None:
    rows = [row for row, _ in REFUSED]
    path = tmp_path / "shown.jsonl"
    path.write_text(as_json_lines([*rows, impression(0)]) + "{no\n", encoding="utf-8")
    (told,) = run("impressions", "ingest", str(path), "--json").lines()
    assert told["impressions"]["new"] == 1
    assert sum(told["refused"].values()) == len(REFUSED) + 1
    for _, reason in REFUSED:
        assert any(one.startswith(reason) for one in told["refused"])
    path.write_text(as_json_lines(rows[:1]), encoding="utf-8")
    result = run("impressions", "ingest", str(path))
    assert result.code == 1
    assert "refused line 1: position" in result.err


class Killed(Exception):
    """Stands for a process that is gone."""


def test_a_kill_before_any_commit_and_any_order_give_the_same_tables(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown, "AT_ONCE", 3)
    rows = [*(impression(number) for number in range(8)), *(click(number) for number in range(4))]
    app = open_application(access=Access.CREATE)

    def read(given: list[dict[str, Any]], die_at: int | None) -> None:
        steps = itertools.count()

        def step(name: str) -> None:
            if next(steps) == die_at:
                raise Killed

        text = io.BytesIO(as_json_lines(given).encode())
        ingest_shown(
            app.database,
            outcome_recorder(app),
            text,
            TimesOnly(datetime.now(UTC)),
            parquet=parquet_rows,
            step=step,
        )

    for die_at in range(4):
        with pytest.raises(Killed):
            read(rows[::-1] if die_at % 2 else rows, die_at)
    read(rows, None)
    with app.database.read() as connection:
        of_requests = select(impressions.c.request_id, impressions.c.position)
        assert sorted(map(tuple, connection.execute(of_requests))) == [
            (f"q-{number // 3}", number % 3 + 1) for number in range(8)
        ]
        assert len(connection.execute(select(clicks.c.room_id)).all()) == 4


def test_what_came_otherwise_before_is_counted_and_named(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "shown.jsonl"
    told = [impression(0), impression(0, propensity=0.5), click(0), click(0, user_id="u_9")]
    path.write_text(as_json_lines(told), encoding="utf-8")
    said = run("impressions", "ingest", str(path)).err
    assert "impressions against what came first, which stays: 1: q-0 at 1" in said
    assert "clicks against what came first, which stays: 1: q-0 into live-0" in said
    assert "impressions: 1; clicks: 1, on what was not shown so far: 0" in run("audit").out


def test_the_store_is_written_as_a_log_for_rankers_without_who_is_forgotten(
    run: Run, tmp_path: Path
) -> None:
    path, log, orders = tmp_path / "shown.jsonl", tmp_path / "log", tmp_path / "orders.csv"
    told = [*(impression(number) for number in range(6)), click(0), click(4)]
    path.write_text(as_json_lines(told), encoding="utf-8")
    run("impressions", "ingest", str(path))
    at = (AT + timedelta(minutes=3)).isoformat()
    order = {"event_timestamp": at, "changed_timestamp": at, "status": "placed"}
    bought = [
        {**order, "conversion_id": number, "source_event_id": number, "platform": "tiktok"}
        | {"user_id": f"u_{number // 3}", "room_id": f"live-{number}"}
        for number in (0, 4)
    ]
    orders.write_text(as_csv(bought), encoding="utf-8")
    assert run("conversions", "ingest", str(orders), "--format", "csv").code == 0
    counts = {"impressions": 6, "clicks": 2, "conversions": 2, "facts": 0}
    assert run("impressions", "export", str(log), "--json").lines() == [counts]
    shown = read_impressions(log)
    assert (len(shown), shown.clicked.sum(), shown.ordered.sum()) == (6, 2, 2)
    (gone,) = run("forget", "--user", "tiktok:u_0", "--json").lines()
    assert gone["exported"] == 5
    left = read_impressions(log)
    assert (len(left), left.clicked.sum(), left.ordered.sum()) == (3, 1, 1)


def test_who_was_forgotten_stays_forgotten(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "shown.jsonl"
    path.write_text(as_json_lines([impression(0), click(0), impression(5)]), encoding="utf-8")
    run("impressions", "ingest", str(path))
    assert run("forget", "--user", "tiktok:u_0").code == 0
    (told,) = run("impressions", "ingest", str(path), "--json").lines()
    assert (told["impressions"], told["clicks"]) == (
        {"new": 0, "known": 1, "conflicts": 0, "forgotten": 1},
        {"new": 0, "known": 0, "conflicts": 0, "forgotten": 1},
    )
