"""Processor time of processes, of PostgreSQL and of Redis, as Linux and Redis count it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy

_TICK = os.sysconf("SC_CLK_TCK")


def of_processes(pids: Iterable[int]) -> float:
    """Return the seconds that processes and all their children, living or reaped, have used."""
    return sum(_of(pid) + of_processes(_children(pid)) for pid in pids)


def _of(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    user, system, reaped_user, reaped_system = text.rpartition(")")[2].split()[11:15]
    return sum(map(int, (user, system, reaped_user, reaped_system))) / _TICK


def _children(pid: int) -> list[int]:
    try:
        return [
            int(child)
            for file in Path(f"/proc/{pid}/task").glob("*/children")
            for child in file.read_text(encoding="ascii").split()
        ]
    except OSError:
        return []


def postmaster(url: str) -> int | None:
    """Return the process of a PostgreSQL server, where it runs on this machine and says so."""
    engine = sqlalchemy.create_engine(url)
    try:
        with engine.connect() as connection:
            folder = connection.exec_driver_sql("SHOW data_directory").scalar_one()
        first = (Path(str(folder)) / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0]
        return int(first)
    except (sqlalchemy.exc.DBAPIError, OSError):
        return None
    finally:
        engine.dispose()


def of_redis(client: Any) -> float:
    """Return the seconds that a Redis server has used."""
    used = client.info("cpu")
    return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])
