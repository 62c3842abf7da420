"""The disk under SQLite is full, broken or read-only for a while; whoever works waits, or leaves with
a sentence, and goes on when it is well again.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from intent.bootstrap.application import migrations_dir
from intent.store.engine import Database
from intent.store.migrate import migrate
from tests.conftest import MakeMessage
from tests.fault_tries import Tries, in_rounds
from tests.faults.children import Disk, may_trace, until, work
from tests.faults.fault_house import FaultHouse

pytestmark = [pytest.mark.slow, pytest.mark.fault("disk")]
ILLS = ("error=ENOSPC", "error=EIO", "error=EROFS")


@pytest.mark.skipif(not may_trace(), reason="there is no strace, or it may trace nothing")
@in_rounds(3, 100)
def test_a_disk_that_fails_at_any_call_and_is_well_again_costs_nothing_but_time(
    rounds: int, sqlite_house: FaultHouse, tries: Tries
) -> None:
    house, draw = sqlite_house, random.Random(11)
    for number in range(rounds):
        house.begin_anew(40)
        child = house.child(work, paused=True)
        disk = Disk(child, ILLS[number % 3], draw.randint(1, 60), lasting=number % 2 == 0)
        until(lambda one=child: not one.process.is_alive() or '"waiting"' in one.said())
        tries.add(house.reckoned(waiting=True, leaks=False), tried=0)
        disk.heal()
        if child.ended() != 0:
            assert "Error" in child.said() or "read-only" in child.said(), child.said()
            house.end_leases()
            assert house.child(work).ended() == 0
        tries.add(house.reckoned())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of its own, of 6 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6M", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("only root may mount a disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@in_rounds(1, 20)
def test_on_a_disk_that_is_really_full_a_worker_waits_until_there_is_room(
    rounds: int, small_disk: Path, tmp_path: Path, make_message: MakeMessage, tries: Tries
) -> None:
    database = Database(f"sqlite:///{small_disk}/intent.db")
    migrate(database, migrations_dir())
    house = FaultHouse(database, tmp_path, make_message)
    ballast = small_disk / "ballast"
    for _ in range(rounds):
        house.begin_anew(400)
        worker = house.child(work, drain=False, seconds=0.01)
        worker.wait_for_log('"working"')
        _fill_up(ballast)
        worker.wait_for_log('"waiting"')
        ballast.unlink()
        until(lambda: house.app.inbox.waiting() == 0)
        worker.process.terminate()
        assert worker.ended() == 0
        tries.add(house.reckoned())
    house.leave()


def _fill_up(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        for size in (65_536, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
