"""Reading conversions is killed anywhere, goes on with the same command, and gives the same table."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from intent.store.engine import Database
from intent.store.schema import conversions

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
HEADER = "conversion_id,source_event_id,event_timestamp,changed_timestamp,status,value,currency\n"


def file_of(path: Path, chance: random.Random) -> Path:
    """Write 600 orders of two events each, every event twice, mixed up."""
    lines = [
        line
        for order in range(600)
        for line in (
            f"{order},{order}-a,2026-11-20T10:00:00Z,2026-11-20T10:00:00Z,placed,12.5,SGD\n",
            f"{order},{order}-b,2026-11-20T10:00:00Z,2026-11-21T10:00:00Z,refunded,,\n",
        )
    ] * 2
    chance.shuffle(lines)
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return path


def ingest(url: str, path: Path, **environment: str) -> int:
    command = [
        sys.executable,
        "-m",
        "intent",
        "conversions",
        "ingest",
        str(path),
        "--format",
        "csv",
    ]
    given = {**os.environ, "INTENT_DATABASE_URL": url, "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run(command, env=given, cwd=path.parent, capture_output=True, check=False)
    return done.returncode


def table(url: str) -> list[Any]:
    database = Database(url)
    with database.read() as connection:
        found = connection.execute(select(conversions)).mappings().all()
    database.close()
    left_out = {"id", "created_timestamp"}
    return sorted(
        str({name: value for name, value in row.items() if name not in left_out}) for row in found
    )


@pytest.mark.fault("kill", tries=2)
def test_killed_at_every_step_it_goes_on_and_gives_the_same_table(
    tmp_path: Path, database: Database
) -> None:
    chance, killed = random.Random(3), database.url
    whole = f"sqlite:///{tmp_path}/whole.db"
    assert ingest(whole, file_of(tmp_path / "a.csv", chance)) == 0
    for step in ("1", "3"):
        code = ingest(
            killed, file_of(tmp_path / "b.csv", chance), INTENT_FAILPOINT=f"recorded:{step}"
        )
        assert code == -9
    assert len(table(killed)) < 1200
    assert ingest(killed, tmp_path / "b.csv") == 0
    assert table(killed) == table(whole)
    assert len(table(whole)) == 1200
