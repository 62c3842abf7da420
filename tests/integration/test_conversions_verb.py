"""The verbs ``intent conversions …``, as people type them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from intent.bootstrap.outcomes import contact_keys
from tests.integration.test_command_line import Result, Run
from tests.integration.test_command_line import run as run

GOOGLE = """Parameters:TimeZone=Asia/Singapore
Google Click ID,Conversion Name,Conversion Time,Conversion Value,Conversion Currency,Order ID
c-a,Order,2026-11-20 20:04:00,39.90,SGD,A-1
c-b,Order,2026-11-20 20:14:00,19.90,SGD,A-2
c-c,Order,sometime,19.90,SGD,A-3
"""
ADJUSTED = """Order ID,Adjustment Time,Adjustment Type,Adjusted Value,Adjusted Value Currency
A-1,2026-11-21 10:00:00+08:00,RESTATEMENT,29.90,SGD
A-2,2026-11-22 10:00:00+08:00,RETRACTION,,
"""


@pytest.fixture
def read(run: Run, tmp_path: Path) -> Result:
    for name, text in (("adjusted.csv", ADJUSTED), ("offline.csv", GOOGLE)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        result = run("conversions", "ingest", str(tmp_path / name), "--format", "google_ads")
        assert result.code == 0
    return result


def test_what_is_read_is_counted_and_what_is_refused_is_named(run: Run, read: Result) -> None:
    assert "refused line 5: a time that cannot be read" in read.err
    assert "3 records: 2 new, 0 known, 1 refused, 0 passed over" in read.err
    found = {one["conversion_id"]: one for one in run("conversions", "list", "--json").lines()}
    assert found["google_ads:A-1"]["value_micros"] == 29_900_000
    assert found["google_ads:A-2"]["status"] == "cancelled"
    assert run("audit", "--json").lines()[0]["outcomes"]["conversions"] == 2
    (shown,) = run("conversions", "show", "google_ads:A-1", "--json").lines()
    assert [one["value"] for one in shown["revisions"]] == ["39.90 SGD", "29.90 SGD"]


def test_what_goes_to_google_comes_back_as_it_was(run: Run, read: Result, tmp_path: Path) -> None:
    before = run("conversions", "list", "--json").lines()
    for options in ([], ["--adjustments"]):
        out = tmp_path / "out.csv"
        assert (
            run("conversions", "export", "--format", "google_ads", "-o", str(out), *options).code
            == 0
        )
        again = run("conversions", "ingest", str(out), "--format", "google_ads", "--json").lines()
        assert (again[0]["new"], again[0]["refused"]) == (0, {})
    assert run("conversions", "list", "--json").lines() == before


def test_a_plain_file_needs_no_mapping_and_other_platforms_take_it(
    run: Run, tmp_path: Path
) -> None:
    lead = "123456789012345"
    rows = [
        {
            "conversion_id": "7",
            "event_timestamp": "2026-11-20T10:00:00Z",
            "value": "=1",
            "currency": "SGD",
        },
        {
            "conversion_id": "8",
            "event_timestamp": "2026-11-20T10:00:00Z",
            "stage": "=SUM(1)",
            "lead_id": lead,
            "ttclid": "t",
            "value": 5,
            "currency": "SGD",
        },
    ]
    path = tmp_path / "orders.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    assert run("conversions", "ingest", str(path), "--format", "json").code == 0
    (tiktok,) = run("conversions", "export", "--format", "tiktok").lines()
    assert tiktok["user"] == {"ttclid": "t"}
    assert tiktok["properties"] == {"order_id": "file:8", "value": 5.0, "currency": "SGD"}
    meta = run("conversions", "export", "--format", "meta_crm")
    assert "older than 7 days" in meta.err or meta.lines()[0]["user_data"]["lead_id"] == int(lead)
    plain = list(csv.DictReader(io.StringIO(run("conversions", "export", "--format", "csv").out)))
    assert plain[1]["stage"] == "'=SUM(1)"


def test_a_file_of_which_nothing_can_be_read_fails(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    result = run("conversions", "ingest", str(path), "--format", "csv")
    assert result.code == 1
    assert "every record was refused" in result.err


def test_keys_of_contacts_are_the_same_in_every_process(run: Run, tmp_path: Path) -> None:
    from intent.bootstrap.application import open_application
    from intent.store.access import Access

    run("migrate")
    first, second = (
        contact_keys(open_application(access=Access.WRITE)).phone("+6591234567") for _ in range(2)
    )
    assert first == second is not None
