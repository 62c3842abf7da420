from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy

from intent.model.errors import WrongUse
from intent.model.principal import Scope
from intent.operations.keys import (
    PREFIX_LENGTH,
    check_key,
    create_key,
    list_keys,
    note_use,
    revoke_keys,
    rotate_key,
    was_any_made,
)
from intent.operations.sessions import close_session, find_session, open_session
from intent.store.engine import Database
from intent.store.schema import access_keys, web_sessions
from tests.conftest import rows

HOUR = timedelta(hours=1)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Yield what is asked of the database meanwhile."""
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    sqlalchemy.event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    sqlalchemy.event.remove(database.engine, "before_cursor_execute", note)


def elapse(database: Database, column: str, seconds: int) -> None:
    """Let an instant of all keys or sessions be so much earlier."""
    table = web_sessions if column == "session" else access_keys
    at = table.c["expires_timestamp" if column == "session" else column]
    (key,) = table.primary_key
    with database.begin() as transaction:
        for row in transaction.execute(sqlalchemy.select(key, at).where(at.is_not(None))).all():
            earlier = {at.name: row[1] - timedelta(seconds=seconds)}
            transaction.execute(table.update().where(key == row[0]).values(earlier))


def test_a_key_is_found_by_what_was_shown_once_and_stored_nowhere(database: Database) -> None:
    made = create_key(database, "shop", [Scope.LEADS, Scope.READ])
    found = check_key(database, made.text)
    assert found is not None
    assert found.principal == made.key.principal
    assert found.principal.may(Scope.READ)
    assert not found.principal.may(Scope.INGEST)
    assert made.text.startswith(f"{made.key.prefix}_")
    secret = made.text[PREFIX_LENGTH + 1 :]
    assert len(secret) == 43  # 256 bits
    assert secret not in repr(rows(database, "access_keys"))


def test_admin_opens_everything(database: Database) -> None:
    found = check_key(database, create_key(database, "boss", [Scope.ADMIN]).text)
    assert found is not None
    assert all(found.principal.may(scope) for scope in Scope)


@pytest.mark.parametrize(
    "shown", ["", "li_", "li_00000000_x", "\0", "\ud800", "\U0001f600" * 20, "x" * 10_000]
)
def test_what_is_no_key_of_ours_is_nobody(database: Database, shown: str) -> None:
    create_key(database, "shop", [Scope.READ])
    assert check_key(database, shown) is None


def test_an_unknown_beginning_takes_the_same_work_as_a_wrong_secret(database: Database) -> None:
    made = create_key(database, "shop", [Scope.READ])
    work = []
    for shown in (f"li_00000000_{'x' * 43}", f"{made.key.prefix}_{'x' * 43}"):
        compared: list[tuple[int, int]] = []

        def same(one: str, other: str, compared: list[tuple[int, int]] = compared) -> bool:
            compared.append((len(one), len(other)))
            return hmac.compare_digest(one, other)

        with statements(database) as asked:
            assert check_key(database, shown, same) is None
        work.append((asked, compared))
    assert work[0] == work[1]
    assert work[0][1] == [(64, 64)]


def test_two_keys_are_alive_while_one_takes_over(database: Database) -> None:
    old = create_key(database, "shop", [Scope.READ], timedelta(days=30))
    new = rotate_key(database, "shop", HOUR)
    assert check_key(database, old.text)
    assert check_key(database, new.text)
    assert new.key.scopes == old.key.scopes
    assert new.key.expires_at is not None
    assert new.key.expires_at - new.key.created_at == timedelta(days=30)
    with pytest.raises(WrongUse, match=old.key.prefix):
        rotate_key(database, "shop", HOUR)
    elapse(database, "expires_timestamp", 3_601)
    assert check_key(database, old.text) is None
    assert check_key(database, new.text)
    assert rotate_key(database, new.key.prefix, HOUR)


def test_who_ends_sooner_is_not_kept_alive_by_a_rotation(database: Database) -> None:
    old = create_key(database, "shop", [Scope.READ], HOUR)
    rotate_key(database, "shop", timedelta(days=9))
    assert list_keys(database)[0].expires_at == old.key.expires_at


@pytest.mark.parametrize("by_name", [True, False])
def test_a_key_that_was_taken_back_opens_nothing_and_its_sessions_end(
    database: Database, by_name: bool
) -> None:
    made = create_key(database, "shop", [Scope.READ])
    other = create_key(database, "other", [Scope.READ])
    cookies = [open_session(database, one.key, HOUR) for one in (made, other)]
    assert find_session(database, cookies[0])
    revoke_keys(database, "shop" if by_name else made.key.prefix)
    assert check_key(database, made.text) is None
    assert find_session(database, cookies[0]) is None
    assert find_session(database, cookies[1])
    with pytest.raises(WrongUse, match="keys list"):
        revoke_keys(database, "shop")
    # Who has taken all keys back has not opened the house to everybody.
    assert was_any_made(database)


def test_a_session_ends_by_its_time_its_key_and_by_leaving(database: Database) -> None:
    made = create_key(database, "shop", [Scope.READ], timedelta(hours=3))
    cookie, left = (open_session(database, made.key, HOUR) for _ in range(2))
    assert cookie not in repr(rows(database, "web_sessions"))
    close_session(database, left)
    assert find_session(database, left) is None
    assert find_session(database, cookie)
    elapse(database, "session", 3_601)
    assert find_session(database, cookie) is None
    again = open_session(database, made.key, HOUR)
    assert len(rows(database, "web_sessions")) == 1, "what has ended is let go"
    elapse(database, "expires_timestamp", 10_801)
    assert find_session(database, again) is None


def test_a_use_is_noted_at_most_once_a_minute(database: Database) -> None:
    made = create_key(database, "shop", [Scope.READ])
    for expected in (1, 0):
        key = check_key(database, made.text)
        assert key is not None
        with statements(database) as asked:
            note_use(database, key)
        assert sum("UPDATE" in one for one in asked) == expected
    elapse(database, "used_timestamp", 61)
    key = check_key(database, made.text)
    assert key is not None
    assert key.is_use_due


@pytest.mark.parametrize("name", ["", "Shop", "a b", "-x", "x" * 101, "\u5e97", "a\nb"])
def test_a_name_is_one_that_can_be_typed(database: Database, name: str) -> None:
    with pytest.raises(WrongUse, match="small letters"):
        create_key(database, name, [Scope.READ])


def test_a_name_that_is_alive_is_not_given_twice(database: Database) -> None:
    create_key(database, "shop", [Scope.READ])
    with pytest.raises(WrongUse, match="rotate it"):
        create_key(database, "shop", [Scope.READ])
    revoke_keys(database, "shop")
    assert create_key(database, "shop", [Scope.READ])
    with pytest.raises(WrongUse, match="scope"):
        create_key(database, "other", [])
