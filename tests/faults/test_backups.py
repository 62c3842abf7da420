"""A backup is made while workers work; what is restored of it is whole, and forgets again."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from intent.bootstrap.erasing import forget_all_again
from intent.cli.backup import backup, restore
from intent.store.engine import Database
from tests.conftest import VAULT_KEY, rows
from tests.fault_tries import Tries, in_rounds
from tests.faults.children import application, until, work
from tests.faults.fault_house import FaultHouse, end_leases
from tests.faults.oracle import reckon
from tests.faults.test_erasing import forget
from tests.integration.test_postgresql_dump import pg, plain
from tests.postgres import PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.fault("backup")]

Restored = Callable[[Path], str]
"""Restores what was copied into a folder, and returns the URL of the database."""


def tried(
    house: FaultHouse, tries: Tries, rounds: int, copy: Callable[[Path], None], back: Restored
) -> None:
    """Copy while two workers work, forget somebody, restore, and let another one go on there."""
    draw = random.Random(23)
    workers = [house.child(work, drain=False, seconds=0.002) for _ in range(2)]
    for number in range(rounds):
        folder = house.folder / f"backup-{number}"
        folder.mkdir()
        gone = house.fill(6, user_id=f"gone-{number}")
        house.fill(60)
        left = draw.randrange(10, 60)
        until(lambda most=left: house.app.inbox.waiting() <= most)
        came = set(house.sent)
        copy(folder)
        forget(house, gone[0].user_id)
        restored = Database(back(folder))
        places = [folder]
        tries.add(reckon(restored, came, erased=house.erased, waiting=True, places=places))
        end_leases(restored)  # of those that worked when it was copied
        there = house.child(work, database_url=restored.url)
        assert there.ended() == 0, there.said()
        tries.add(reckon(restored, came, erased=house.erased, places=places), tried=0)
        readable(house, restored)
        restored.close()
    for worker in workers:
        worker.process.terminate()
        assert worker.ended() == 0, worker.said()
    tries.add(house.reckoned(waiting=True), tried=0)


def readable(house: FaultHouse, restored: Database) -> None:
    """Assert that each contact detail of those who stay can be read."""
    there = application({**house.settings, "database_url": restored.url})
    held = [(row["platform"], row["message_id"]) for row in rows(restored, "contacts")]
    with there.database.read() as connection:
        kept = there.vault.kept(connection, held)
    there.close()
    assert held
    assert kept.keys() == set(held)


@in_rounds(2, 20)
def test_what_intent_backup_copied_under_load_is_whole(
    rounds: int, sqlite_house: FaultHouse, tries: Tries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTENT_VAULT_KEY", VAULT_KEY)
    monkeypatch.setenv("INTENT_KEY_FILE", str(sqlite_house.settings["key_file"]))

    def copy(folder: Path) -> None:
        monkeypatch.setenv("INTENT_DATABASE_URL", sqlite_house.database.url)
        backup(folder / "copy.db")

    def back(folder: Path) -> str:
        url = f"sqlite:///{folder}/restored.db"
        monkeypatch.setenv("INTENT_DATABASE_URL", url)
        restore(folder / "copy.db")
        return url

    tried(sqlite_house, tries, rounds, copy, back)


@in_rounds(1, 10)
def test_what_pg_dump_copied_under_load_is_whole(
    rounds: int, postgres: PostgresServer, postgres_house: FaultHouse, tries: Tries
) -> None:
    house, source = postgres_house, plain(postgres_house.database.url)

    def copy(folder: Path) -> None:
        without = "--exclude-table-data=vault_keys"
        pg("pg_dump", "--format=custom", without, f"--file={folder / 'all'}", source)

    def back(folder: Path) -> str:
        keys = ("--data-only", "--table=vault_keys", f"--file={folder / 'keys'}")
        pg("pg_dump", "--format=custom", *keys, source)
        url = postgres.fresh_database()
        for name in ("all", "keys"):
            pg("pg_restore", "--no-owner", f"--dbname={plain(url)}", str(folder / name))
        there = application({**house.settings, "database_url": url})
        forget_all_again(there, stop=Event())
        there.close()
        return url

    tried(house, tries, rounds, copy, back)
