"""A database URL is understood or refused, and nothing secret of it is ever shown."""

from __future__ import annotations

import pytest

from intent.model.errors import WrongUse
from intent.store.address import read_address, shown_url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:se@cret@127.0.0.1/x",
        "postgresql://me:se@cret/half@127.0.0.1:5432/x",
        "postgresql://me:se@cret?half=1@127.0.0.1/x",
        "postgresql+psycopg://me:a@b@cret@127.0.0.1/x",
    ],
)
def test_a_raw_at_in_a_password_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(WrongUse, match="write @ as %40") as refused:
        read_address(url)
    assert "cret" not in f"{refused.value}{shown_url(url)}"
    assert "half" not in f"{refused.value}{shown_url(url)}"


@pytest.mark.parametrize(
    ("url", "password"),
    [
        ("postgresql://me:se%40cret@127.0.0.1/x", "se@cret"),
        ("postgresql://me:se/cret@127.0.0.1/x", "se/cret"),
        ("postgresql://me:se:cret@127.0.0.1/x", "se:cret"),
        ("postgresql://me%40there:secret@127.0.0.1/x?application_name=a@b", "secret"),
    ],
)
def test_a_password_is_read_and_hidden(url: str, password: str) -> None:
    assert read_address(url).password == password
    assert "cret" not in shown_url(url)


def test_passwords_among_the_options_are_hidden_too() -> None:
    shown = shown_url("postgresql://127.0.0.1/x?user=me&password=secret&sslpassword=secret")
    assert "secret" not in shown
    assert shown.startswith("postgresql://127.0.0.1/x?")
    assert "user=me" in shown


@pytest.mark.parametrize("url", ["", "intent.db", "mysql://h/x", "postgresql://[::1/x", "//:"])
def test_what_is_no_url_of_ours_is_refused_in_one_sentence(url: str) -> None:
    with pytest.raises(WrongUse, match=r"use sqlite:///intent.db or"):
        read_address(url)
    assert shown_url(url) == "(no database URL)"
