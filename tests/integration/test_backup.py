"""A backup is whole whoever writes meanwhile, and comes back without whom was forgotten."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from intent.bootstrap.application import Application, migrations_dir
from intent.bootstrap.erasing import forget_subject
from intent.bootstrap.settings import SecretStr, Settings
from intent.bootstrap.subject_keys import subject_keys_file
from intent.cli.backup import backup, restore
from intent.model.batch import Batch
from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.errors import OperatorError, WrongUse
from intent.store.access import Access
from intent.store.audit import balance
from intent.store.backup import back_up, put_back, require_healthy
from intent.store.engine import Database
from tests.conftest import MakeMessage, rows


@pytest.fixture
def app(sqlite_url: str) -> Application:
    return Application(Settings(database_url=SecretStr(sqlite_url)), access=Access.CREATE)


def file_of(app: Application) -> Path:
    assert app.database.file is not None
    return app.database.file


def never() -> bool:
    return False


def test_a_backup_is_one_instant_while_others_write(
    app: Application, make_message: MakeMessage, tmp_path: Path
) -> None:
    app.inbox.put(Batch([make_message(f"before {number}") for number in range(50)]))
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            app.inbox.put(Batch([make_message(f"meanwhile {number}")]))
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            back_up(app.database, tmp_path / f"{number}.db", leaving=never)
    finally:
        stop.set()
        writer.join()
    counts = []
    for number in range(5):
        copy = Database(f"sqlite:///{tmp_path}/{number}.db", access=Access.READ)
        with copy.read() as connection:
            assert balance(connection).holds
        counts.append(len(rows(copy, "messages")))
        copy.close()
    assert counts == sorted(counts)
    assert counts[0] >= 50


def test_what_was_deleted_is_not_in_it(
    app: Application, make_message: MakeMessage, tmp_path: Path
) -> None:
    app.inbox.put(Batch([make_message("a canary", user_id="u-ann")]))
    forget_subject(
        app, DataSubject(SubjectKind.USER, "tiktok", "u-ann"), stop=threading.Event(), anyway=False
    )
    back_up(app.database, tmp_path / "b.db", leaving=never)
    assert b"a canary" not in (tmp_path / "b.db").read_bytes()


def test_whom_the_backup_does_not_know_to_be_forgotten_is_forgotten_again(
    app: Application,
    make_message: MakeMessage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sqlite_url: str,
) -> None:
    monkeypatch.setenv("INTENT_DATABASE_URL", sqlite_url)
    app.inbox.put(Batch([make_message("mine", user_id="u-ann"), make_message("other")]))
    app.database.close()
    backup(tmp_path / "b.db")
    forget_subject(
        app, DataSubject(SubjectKind.USER, "tiktok", "u-ann"), stop=threading.Event(), anyway=False
    )
    app.database.close()

    with pytest.raises(WrongUse, match="--replace"):
        restore(tmp_path / "b.db")
    restore(tmp_path / "b.db", replace=True)

    assert [row["text"] for row in rows(app.database, "messages")] == ["other"]
    assert file_of(app).with_name("intent.db.before-restore-1").exists()


def test_a_database_that_somebody_uses_is_not_replaced(app: Application, tmp_path: Path) -> None:
    back_up(app.database, tmp_path / "b.db", leaving=never)
    with app.database.read(), pytest.raises(OperatorError, match="stop all processes"):
        put_back(tmp_path / "b.db", file_of(app))


def test_an_existing_file_is_never_overwritten(app: Application, tmp_path: Path) -> None:
    (tmp_path / "b.db").write_bytes(b"mine")
    with pytest.raises(OperatorError, match="exists already"):
        back_up(app.database, tmp_path / "b.db", leaving=never)
    assert (tmp_path / "b.db").read_bytes() == b"mine"


def test_who_leaves_half_way_leaves_nothing_behind(
    app: Application, make_message: MakeMessage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intent.store.backup.STEPS", 100)
    app.inbox.put(Batch([make_message(f"text {number}") for number in range(200)]))
    with pytest.raises(OperatorError, match="told to leave"):
        back_up(app.database, tmp_path / "b.db", leaving=lambda: True)
    assert not list(tmp_path.glob("*b.db*"))


def test_a_damaged_file_and_one_of_others_are_refused(tmp_path: Path) -> None:
    (tmp_path / "torn.db").write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)
    with pytest.raises(OperatorError):
        require_healthy(tmp_path / "torn.db")
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE x (y)").connection.close()
    with pytest.raises(OperatorError, match="no tables of ours"):
        require_healthy(tmp_path / "other.db")


def test_postgresql_is_copied_by_its_own_tools(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTENT_DATABASE_URL", postgres_url)
    from intent.store.migrate import migrate

    database = Database(postgres_url)
    migrate(database, migrations_dir())
    with pytest.raises(OperatorError, match="pg_dump"):
        backup(tmp_path / "b.db")


def test_a_backup_opens_no_contact_detail_and_a_restore_those_of_who_stays(
    app: Application, make_message: MakeMessage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTENT_DATABASE_URL", app.database.url)
    gone, stays = (
        make_message("wa 0812-3456-7890", user_id="ann"),
        make_message("wa 0813-9999-1111"),
    )
    app.inbox.put(Batch([gone, stays]))
    backup(tmp_path / "b.db")
    copy = Database(f"sqlite:///{tmp_path}/b.db", access=Access.READ)
    assert (len(rows(copy, "contacts")), rows(copy, "vault_keys")) == (2, [])
    wrapped = [bytes(row["wrapped"]) for row in rows(app.database, "vault_keys")]
    assert all(one not in (tmp_path / "b.db").read_bytes() for one in wrapped)
    copy.close()
    forget_subject(
        app, DataSubject(SubjectKind.USER, "tiktok", "ann"), stop=threading.Event(), anyway=False
    )
    assert '"ann"' not in subject_keys_file(app).read_text()
    app.database.close()
    file_of(app).unlink()  # the disk is lost, and what stood there with it
    restore(tmp_path / "b.db")
    back = Application(app.settings, access=Access.READ)
    with back.database.read() as connection:
        kept = back.vault.kept(connection, [gone.identity, stays.identity])
    assert {one: [it.text for it in its] for one, its in kept.items()} == {
        stays.identity: ["0813-9999-1111"]
    }
