"""The key file: made once, whole, for its owner alone, and never a second one for the same people."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from intent.bootstrap.keyfile import forgotten_file, key_file, load_keys
from intent.bootstrap.settings import Settings
from intent.model.errors import OperatorError
from intent.store.engine import Database


def test_it_is_made_once_beside_the_database_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/intent.db")
    with ThreadPoolExecutor(8) as pool:
        made = set(
            pool.map(lambda _: load_keys(Settings(), database, make=True).tombstones, range(8))
        )
    assert [path.name for path in tmp_path.iterdir()] == ["intent.db.key"]
    assert (tmp_path / "intent.db.key").stat().st_mode & 0o777 == 0o600
    assert made == {load_keys(Settings(), database, make=False).tombstones}


def test_two_databases_have_two_keys(tmp_path: Path) -> None:
    one, two = (Database(f"sqlite:///{tmp_path}/{name}.db") for name in ("one", "two"))
    assert load_keys(Settings(), one, make=True) != load_keys(Settings(), two, make=True)


def test_a_missing_one_is_not_made_where_somebody_was_forgotten(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/intent.db")
    forgotten_file(key_file(Settings(), database)).write_text("digest", encoding="ascii")
    with pytest.raises(OperatorError, match="put it back"):
        load_keys(Settings(), database, make=True)


@pytest.mark.parametrize(
    "content", ["", "{}", '{"tombstones": "c2hvcnQ="}', '{"tombstones": "%"}', "\0\0"]
)
def test_what_is_no_key_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys"
    path.write_text(content, encoding="ascii")
    with pytest.raises(OperatorError, match="is no key file"):
        load_keys(Settings(key_file=path), Database("sqlite://"), make=True)


def test_a_server_takes_a_file_that_somebody_names(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="set INTENT_KEY_FILE"):
        load_keys(Settings(), Database("sqlite://"), make=True)
    with pytest.raises(OperatorError, match="cannot be read or made"):
        load_keys(Settings(key_file=tmp_path / "no" / "keys"), Database("sqlite://"), make=True)
