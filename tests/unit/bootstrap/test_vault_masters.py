"""The master key of the vault is found without being told, and may be told."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from intent.bootstrap.application import open_application, sqlite_url
from intent.bootstrap.settings import Settings
from intent.bootstrap.vault_masters import load_masters
from intent.model.batch import Batch
from intent.model.errors import OperatorError
from intent.store.access import Access
from intent.store.engine import Database
from tests.conftest import MakeMessage, rows


def encoded(key: bytes) -> SecretStr:
    return SecretStr(base64.b64encode(key).decode("ascii"))


def test_without_any_setting_a_key_file_is_made_beside_the_database_and_said_once(
    tmp_path: Path, make_message: MakeMessage
) -> None:
    settings = Settings(database_url=sqlite_url(tmp_path / "intent.db"))
    with capture_logs() as logs:
        for text in ("wa 0812-3456-7890", "wa 0813-9999-1111"):
            app = open_application(settings, access=Access.CREATE)
            app.inbox.put(Batch([make_message(text)]))
    assert (tmp_path / "intent.db.key").stat().st_mode & 0o077 == 0
    assert len([one for one in logs if one["event"].startswith("made a key file")]) == 1
    assert [row["text"] for row in rows(app.database, "messages")] == ["wa [phone]"] * 2
    read = open_application(settings, access=Access.READ)
    said = [(row["platform"], row["message_id"]) for row in rows(app.database, "messages")]
    with read.database.read() as connection:
        kept = read.vault.kept(connection, said)
    assert sorted(one.text for (one,) in kept.values()) == ["0812-3456-7890", "0813-9999-1111"]


def test_once_details_are_sealed_no_other_key_file_is_made(
    tmp_path: Path, make_message: MakeMessage
) -> None:
    settings, key = Settings(database_url=sqlite_url(tmp_path / "i.db")), tmp_path / "i.db.key"
    open_application(settings, access=Access.CREATE).inbox.put(
        Batch([make_message("wa 0812-3456-7890")])
    )
    aside = key.rename(tmp_path / "aside")
    again = open_application(settings, access=Access.WRITE)
    with pytest.raises(OperatorError, match="put it back"):
        again.vault.keys.current()
    assert not key.exists()
    aside.rename(key)
    assert again.vault.keys.current()


def test_a_key_of_the_environment_wraps_first_and_the_files_still_read(tmp_path: Path) -> None:
    database, own, old = Database(f"sqlite:///{tmp_path}/intent.db"), b"o" * 32, b"p" * 32
    (of_file,) = load_masters(Settings(), database, make=True)
    told = Settings(vault_key=encoded(own), vault_key_old=encoded(old))
    assert load_masters(told, database, make=True) == [own, old, of_file]


def test_keys_of_rotations_come_before_the_first(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/intent.db")
    (first,) = load_masters(Settings(), database, make=True)
    file = tmp_path / "intent.db.key"
    held = json.loads(file.read_text())
    file.write_text(json.dumps({**held, "vault": [encoded(b"n" * 32).get_secret_value()]}))
    assert load_masters(Settings(), database, make=False) == [b"n" * 32, first]


def test_what_is_no_key_is_refused_by_the_name_of_its_variable() -> None:
    settings = Settings(vault_key=SecretStr("short"))
    with pytest.raises(OperatorError, match="INTENT_VAULT_KEY is no key"):
        load_masters(settings, Database("sqlite://"), make=True)


def test_on_postgresql_nothing_is_put_before_somebody_says_where_the_key_is(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INTENT_VAULT_KEY")
    database = Database(postgres_url)
    from intent.bootstrap.vault_masters import require_place

    with pytest.raises(OperatorError, match="set INTENT_KEY_FILE"):
        require_place(Settings(), database)
