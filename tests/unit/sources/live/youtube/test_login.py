"""Keys and tokens come from the environment, and what is missing is named."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from intent.model.errors import OperatorError
from intent.sources.live.youtube.login import login_from

REFRESHING = {
    "YOUTUBE_CLIENT_ID": "client",
    "YOUTUBE_CLIENT_SECRET": "secret",
    "YOUTUBE_REFRESH_TOKEN": "refresh",
}


def never(form: Mapping[str, str]) -> str:
    raise AssertionError("nothing is to be fetched")


def test_a_key_is_sent_in_googles_header_and_never_shown() -> None:
    login = login_from({"YOUTUBE_API_KEY": " AIzaKey\n"}, never)
    assert login.header == ("x-goog-api-key", "AIzaKey")
    assert "AIzaKey" not in repr(login)
    login.renew()  # there is nothing to fetch
    assert login.header == ("x-goog-api-key", "AIzaKey")


def test_a_token_is_a_bearer_and_goes_before_a_key() -> None:
    login = login_from({"YOUTUBE_ACCESS_TOKEN": "ya29", "YOUTUBE_API_KEY": "AIzaKey"}, never)
    assert login.header == ("authorization", "Bearer ya29")
    assert "tokens last an hour" in login.remedy


def test_a_refresh_token_fetches_the_token() -> None:
    forms: list[Mapping[str, str]] = []

    def exchange(form: Mapping[str, str]) -> str:
        forms.append(form)
        return f"ya29.{len(forms)}"

    login = login_from(REFRESHING, exchange)
    assert (login.secret, forms) == ("", [])
    login.renew()
    login.renew()
    assert login.header == ("authorization", "Bearer ya29.2")
    assert forms[0] == {
        "client_id": "client",
        "client_secret": "secret",
        "refresh_token": "refresh",
        "grant_type": "refresh_token",
    }


@pytest.mark.parametrize("environment", [{}, {"YOUTUBE_API_KEY": ""}])
def test_a_missing_key_is_named(environment: dict[str, str]) -> None:
    with pytest.raises(OperatorError, match="YOUTUBE_API_KEY is not set; make a key"):
        login_from(environment, never)


@pytest.mark.parametrize("variable", ["YOUTUBE_API_KEY", "YOUTUBE_ACCESS_TOKEN"])
@pytest.mark.parametrize("value", ["AIza Key", "AIza\nKey", "“AIza”"])
def test_a_value_that_is_no_key_is_named_and_not_shown(variable: str, value: str) -> None:
    with pytest.raises(OperatorError, match=f"{variable} holds characters") as caught:
        login_from({variable: value}, never)
    assert "AIza" not in str(caught.value)
