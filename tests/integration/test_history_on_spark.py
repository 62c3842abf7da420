"""A history decided on Spark is what a worker decides of it, row by row, and is imported as a run."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from intent.bootstrap.application import open_application
from intent.cli import app as command_line
from intent.model.message import Message, wire
from intent.operations.audit import audit
from tests.conftest import MakeMessage, rows

pytestmark = pytest.mark.slow

OWN = {"id", "run", "revision", "visible", "created_timestamp"}
"""Columns in which a run's decisions differ from those of the worker."""

TEXTS = (
    "how much is the blue one?",
    "🥰🥰🥰🥰🥰",
    "🥰🥰🥰🥰🥰🥰🥰",
    "call me, +62 812-3456-7890",
    "berapa harga nya kak",
    "I want two, size M please",
    "5",
    "how much is the blue one?",
    "hello from Bandung",
    "i buy it [phone] now, mail ana@example.org",
)


@pytest.fixture
def spark(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("needs Java")
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", "--master local[2] pyspark-shell")


def said(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["intent", *map(str, words)])
    try:
        command_line.main()
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def history(make_message: MakeMessage) -> list[Message]:
    return [
        make_message(text, user_id=f"u-{number % 7}", room_id=f"room-{number % 3}")
        for number, text in enumerate(TEXTS * 4)
    ]


def write(folder: Path, messages: Sequence[Message]) -> Path:
    """Write lines for a worker, and Parquet for Spark with one row that is no message."""
    lines = "".join(f"{wire(message).decode('utf-8')}\n" for message in messages)
    (folder / "chat.jsonl").write_text(lines, encoding="utf-8")
    values = [{**json.loads(wire(one)), "sent_at": one.sent_at} for one in messages]
    wrong = {**values[0], "room_id": None}
    pq.write_table(pa.Table.from_pylist([*values, wrong]), folder / "chat.parquet")
    return folder / "chat.parquet"


@pytest.mark.usefixtures("spark")
def test_a_history_on_spark_equals_the_worker_row_by_row(
    tmp_path: Path, sqlite_url: str, make_message: MakeMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTENT_DATABASE_URL", sqlite_url)
    messages = history(make_message)
    source, output = write(tmp_path, messages), tmp_path / "decided"
    assert said(monkeypatch, "ingest", tmp_path / "chat.jsonl") == 0
    assert said(monkeypatch, "work", "--drain") == 0
    assert said(monkeypatch, "classify", source, "--engine", "spark", "--output", output) == 1
    assert said(monkeypatch, "runs", "import", output, "--run", "again") == 0
    app = open_application()
    decisions = rows(app.database, "decisions")
    by_worker = {row["message_id"]: row for row in decisions if row["run"] == "production"}
    by_spark = {row["message_id"]: row for row in decisions if row["run"] == "again"}
    assert len(by_worker) == len(by_spark) == len(messages)
    for message_id, row in by_worker.items():
        found = by_spark[message_id]
        assert {name: found[name] for name in found.keys() - OWN} == as_near(row)
    assert sum(row["from_cache"] for row in by_worker.values()) > len(messages) / 2
    files = pq.read_table(output)
    assert files["refused"].drop_null().to_pylist() == ["room_id: Field required"]
    assert "3456" not in str(files.to_pylist())
    assert said(monkeypatch, "runs", "promote", "again") == 0
    assert audit(app.database, app.taxonomy.members).holds


def as_near(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row that equals those whose probabilities are at most a millionth away: which texts
    are computed together may change the last digit.
    """
    near = {name for name in row if name.startswith("p_")} | {"lead_probability"}
    return {
        name: pytest.approx(row[name], abs=1) if name in near else row[name]
        for name in row.keys() - OWN
    }


def test_spark_wants_a_file_and_a_new_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(monkeypatch, "classify", "-", "--engine", "spark", "--output", tmp_path) == 2
    assert said(monkeypatch, "classify", "chat.jsonl", "--engine", "spark") == 2
    given = ("--engine", "spark", "--output", "out")
    assert said(monkeypatch, "classify", "chat.jsonl", *given, "--by", "llm") == 2
