"""SQLite files are read without a trace, and made only where that was asked for."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from intent.bootstrap.application import migrate_fresh, migrations_dir
from intent.model.batch import Batch
from intent.model.errors import OperatorError, StoreUnavailable, WrongUse
from intent.model.message import Message
from intent.queues.inbox import SqlInbox
from intent.store.access import Access, AccessLimits
from intent.store.engine import Database
from intent.store.migrate import migrate
from intent.store.opening import open_store
from intent.store.sqlite import SAFE_WAL_VERSION, sqlite_module
from tests.conftest import MakeMessage

NOBODY = 65_534


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder that everybody may enter, unlike those of pytest."""
    made = Path(tempfile.mkdtemp(prefix="sqlite-"))
    made.chmod(0o755)
    yield made
    made.chmod(0o755)
    shutil.rmtree(made)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    # Rights bind everybody but root.
    for path in (*folder.iterdir(), folder):
        path.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH | (0o111 if path == folder else 0))
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


def made(file: Path, *messages: Message) -> None:
    database = open_store(f"sqlite:///{file}", Access.CREATE, migrations_dir(), make=migrate_fresh)
    SqlInbox(database).put(Batch(messages))
    database.close()


def waiting(file: Path, query: str = "") -> int:
    database = open_store(
        f"sqlite:///{file}{query}", Access.READ, migrations_dir(), make=migrate_fresh
    )
    try:
        return SqlInbox(database).waiting()
    finally:
        database.close()


def held(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


@pytest.mark.parametrize("query", ["", "?mode=ro", "?mode=rw"])
def test_reading_leaves_no_trace(folder: Path, make_message: MakeMessage, query: str) -> None:
    made(folder / "intent.db", make_message())
    before = held(folder)
    assert list(before) == ["intent.db"]
    assert waiting(folder / "intent.db", query) == 1
    assert held(folder) == before


@pytest.mark.parametrize("query", ["", "?mode=ro", "?immutable=1"])
def test_a_read_only_file_in_a_read_only_folder_can_be_read(
    folder: Path, make_message: MakeMessage, query: str
) -> None:
    made(folder / "intent.db", make_message())
    before = held(folder)
    with read_only(folder):
        assert waiting(folder / "intent.db", query) == 1
    assert held(folder) == before


@pytest.mark.skipif(
    sqlite_module().sqlite_version_info < SAFE_WAL_VERSION, reason="needs the WAL mode"
)
def test_what_a_writer_has_in_its_log_is_read_in_a_read_only_folder_too(
    folder: Path, make_message: MakeMessage
) -> None:
    writer = open_store(
        f"sqlite:///{folder}/intent.db", Access.CREATE, migrations_dir(), make=migrate_fresh
    )
    SqlInbox(writer).put(Batch([make_message()]))
    assert (folder / "intent.db-wal").stat().st_size > 0
    with read_only(folder):
        assert waiting(folder / "intent.db") == 1
    writer.close()


LEAVE_LOG = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute(sys.argv[2])"


def test_who_begins_to_read_takes_no_lock_from_who_writes_in_the_same_process(
    folder: Path, make_message: MakeMessage
) -> None:
    file = folder / "intent.db"
    made(file)
    writer = Database(f"sqlite:///{file}")
    SqlInbox(writer).put(Batch([make_message()]))
    assert waiting(file) == 1
    # Another process may not have the file for itself, and throw the log away.
    alone = [sys.executable, "-c", LEAVE_LOG, str(file), "PRAGMA journal_mode=DELETE"]
    told = subprocess.run(alone, capture_output=True, text=True, check=False)
    assert "database is locked" in told.stderr
    assert SqlInbox(writer).waiting() == 1
    writer.close()


def test_one_who_reads_cannot_write(folder: Path, make_message: MakeMessage) -> None:
    made(folder / "intent.db")
    database = open_store(
        f"sqlite:///{folder}/intent.db", Access.READ, migrations_dir(), make=migrate_fresh
    )
    with pytest.raises(RuntimeError, match="for reading"):
        SqlInbox(database).put(Batch([make_message()]))
    with pytest.raises(OperatorError, match="read-only"), database.read() as connection:
        connection.exec_driver_sql("DELETE FROM inbox")
    database.close()


@pytest.mark.parametrize("access", [Access.READ, Access.WRITE])
@pytest.mark.parametrize("query", ["", "?timeout=3"])
def test_a_missing_file_is_named_and_not_made(folder: Path, access: Access, query: str) -> None:
    with pytest.raises(OperatorError, match=r"there is no database .*intent\.db"):
        open_store(
            f"sqlite:///{folder}/intent.db{query}", access, migrations_dir(), make=migrate_fresh
        )
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("access", list(Access))
def test_a_missing_folder_is_named(folder: Path, access: Access) -> None:
    with pytest.raises(OperatorError, match=r"the folder of the database .* does not exist"):
        open_store(f"sqlite:///{folder}/no/intent.db", access, migrations_dir(), make=migrate_fresh)


def test_an_empty_file_is_filled_by_who_may_create_and_by_nobody_else(folder: Path) -> None:
    (folder / "intent.db").touch()
    for access in (Access.READ, Access.WRITE):
        with pytest.raises(OperatorError, match="run: intent migrate"):
            open_store(
                f"sqlite:///{folder}/intent.db", access, migrations_dir(), make=migrate_fresh
            )
    made(folder / "intent.db")
    assert waiting(folder / "intent.db") == 0


@pytest.mark.parametrize("name", ["a b.db", "a?b.db", "a#b.db", "a%20b.db", "Größe 表.db"])
def test_any_name_of_a_file_is_taken_as_it_is(folder: Path, name: str) -> None:
    written = name.replace("%", "%25").replace("?", "%3F")
    database = Database(f"sqlite:///{folder}/{written}")
    migrate(database, migrations_dir())
    database.close()
    assert [path.name for path in folder.iterdir()] == [Path(str(database.file)).name]


@pytest.mark.fault("disk", on="sqlite")
def test_a_file_that_is_taken_away_is_an_outage_and_not_made_again(
    folder: Path, make_message: MakeMessage
) -> None:
    database = open_store(
        f"sqlite:///{folder}/intent.db", Access.CREATE, migrations_dir(), make=migrate_fresh
    )
    (folder / "intent.db").rename(folder / "moved.db")
    with pytest.raises(StoreUnavailable):
        SqlInbox(database).put(Batch([make_message()]))
    assert not (folder / "intent.db").exists()
    (folder / "moved.db").rename(folder / "intent.db")
    assert SqlInbox(database).put(Batch([make_message()])).new == 1
    database.close()


def test_mode_ro_reads_and_is_refused_where_something_is_written(folder: Path) -> None:
    made(folder / "intent.db")
    assert waiting(folder / "intent.db", "?mode=ro") == 0
    for access in (Access.WRITE, Access.CREATE):
        with pytest.raises(WrongUse, match="says mode=ro, and this command writes"):
            open_store(
                f"sqlite:///{folder}/intent.db?mode=ro",
                access,
                migrations_dir(),
                make=migrate_fresh,
            )


def test_mode_rw_makes_nothing(folder: Path) -> None:
    with pytest.raises(StoreUnavailable, match="unable to open"):
        open_store(
            f"sqlite:///{folder}/intent.db?mode=rw",
            Access.CREATE,
            migrations_dir(),
            make=migrate_fresh,
        )
    assert list(folder.iterdir()) == []


def test_the_long_form_of_a_file_uri_is_read_alike(folder: Path) -> None:
    made(folder / "intent.db")
    url = f"sqlite:///file:{folder}/intent.db?mode=ro&uri=true"
    database = open_store(url, Access.READ, migrations_dir(), make=migrate_fresh)
    assert SqlInbox(database).waiting() == 0
    database.close()


@pytest.mark.parametrize("query", ["mode=often", "timeout=soon", "timeout=nan", "nolog=1"])
def test_a_wrong_option_is_one_sentence(query: str) -> None:
    with pytest.raises(WrongUse, match="INTENT_DATABASE_URL"):
        Database(f"sqlite:///intent.db?{query}")


@pytest.mark.fault("lock", on="sqlite")
def test_it_waits_for_another_writer_as_long_as_it_is_told(
    folder: Path, make_message: MakeMessage
) -> None:
    made(folder / "intent.db")
    url = f"sqlite:///{folder}/intent.db"
    holder, limited = Database(url), Database(url, limits=AccessLimits(lock=0.01))
    named = Database(f"{url}?timeout=0")
    with holder.begin():
        for database in (limited, named):
            with pytest.raises(StoreUnavailable, match="locked"):
                SqlInbox(database).put(Batch([make_message()]))
    for database in (holder, limited, named):
        database.close()


def test_a_database_in_memory_needs_no_file() -> None:
    for url in ("sqlite://", "sqlite:///:memory:"):
        database = open_store(url, Access.CREATE, migrations_dir(), make=migrate_fresh)
        assert SqlInbox(database).waiting() == 0
