"""A worker decides so many messages that whatever grows with them would show: memory, open files,
threads, the log of the database.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from intent.model.batch import Batch
from tests.fault_tries import Tries
from tests.faults.children import Child, until, work
from tests.faults.fault_house import FaultHouse
from tests.faults.oracle import reckon

pytestmark = [pytest.mark.slow, pytest.mark.fault("soak")]

MEGABYTE = 1_048_576
AT_ONCE = 2_000
LONGEST = float(os.environ.get("FAULT_SOAK_SECONDS", "inf"))
"""How long it may take on a machine that has other work, too; then it is what was reached."""


@dataclass(frozen=True)
class Held:
    """What a worker holds: bytes of memory, open files, threads; and bytes of the database's log."""

    memory: int
    files: int
    threads: int
    log: int


def held(worker: Child, house: FaultHouse) -> Held:
    process = psutil.Process(worker.number)
    log = Path(f"{house.database.file}-wal")
    size = log.stat().st_size if house.database.file and log.exists() else 0
    return Held(process.memory_info().rss, process.num_fds(), process.num_threads(), size)


@pytest.mark.parametrize(
    "count",
    [4_000, pytest.param(1_000_000, marks=[pytest.mark.soak, pytest.mark.timeout(36_000)])],
)
def test_whatever_was_decided_before_a_worker_holds_no_more(
    count: int, sqlite_house: FaultHouse, tries: Tries
) -> None:
    house = sqlite_house
    worker = house.child(work, drain=False, batch_count=256)
    samples: list[Held] = []
    sent: set[str] = set()
    end = time.monotonic() + LONGEST
    while len(sent) < count and time.monotonic() < end:
        messages = [house.message() for _ in range(AT_ONCE)]
        house.app.inbox.put(Batch(messages))
        sent.update(one.message_id for one in messages)
        until(lambda: house.app.inbox.waiting() == 0, seconds=600)
        samples.append(held(worker, house))
        print(len(sent), samples[-1], flush=True)
    worker.send(signal.SIGTERM)
    assert worker.ended() == 0
    first, last = samples[0], samples[-1]
    assert last.memory < max(one.memory for one in samples[: len(samples) // 2]) + 40 * MEGABYTE
    assert (last.files, last.threads) == (first.files, first.threads)
    assert last.log < 64 * MEGABYTE
    tries.add(reckon(house.database, sent, places=[house.folder]), tried=len(sent))
