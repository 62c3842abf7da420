"""Logged in, whatever happens: killed at every step of a renewal, with two processes, over outages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from intent.model.errors import OperatorError, SourceLost
from intent.sources.live.shopee.shopee_api import ShopeeApi, ShopeeRefused
from intent.sources.live.shopee.shopee_login import ShopeeLogin
from intent.sources.live.shopee.shopee_signing import Partner
from intent.sources.live.shopee.token_file import KeptTokens, TokenFile
from tests.unit.sources.live.platform_server import CUT, Said
from tests.unit.sources.live.shopee.fake_shopee import (
    KEY,
    PARTNER,
    RENEW,
    SESSION,
    USER,
    FakeShopee,
    Time,
    no,
)


class Killed(BaseException):
    """The process is gone at once: nobody clears up."""


class Account:
    """An account whose processes are started again and again on one folder."""

    def __init__(self, server: FakeShopee, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.start = KeptTokens("access-0", "refresh-0")
        self.api = ShopeeApi(Partner(PARTNER, KEY), USER, server.url, now=server.time.now)

    def process(self, passed: Callable[[str], None] = lambda step: None) -> ShopeeLogin:
        return ShopeeLogin(
            TokenFile(self.folder, "shop"),
            self.start,
            self.api.renewed,
            now=self.server.time.now,
            passed=passed,
        )

    def is_logged_in(self) -> bool:
        login = self.process()
        token = login.token()
        try:
            return self.works(token)
        except ShopeeRefused:
            return self.works(login.token(refused=token))

    def works(self, token: str) -> bool:
        return self.api.session(SESSION, token).begun


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with FakeShopee(Time()) as server:
        yield Account(server, tmp_path)


def test_the_operators_token_is_used_until_it_is_refused(account: Account) -> None:
    login = account.process()
    assert login.token() == "access-0"
    account.server.time.at = 14_400
    assert login.token(refused="access-0") == "access-1"
    assert account.works("access-1")


def test_a_token_is_renewed_half_an_hour_before_it_ends(account: Account) -> None:
    login = account.process()
    login.token(refused="access-0")
    account.server.time.at = 14_400 - 1801
    assert login.token() == "access-1"
    account.server.time.at = 14_400 - 1799
    assert login.token() == "access-2"
    assert account.server.tokens.spent == ["refresh-0", "refresh-1"]


def test_after_a_day_of_restarts_every_refresh_token_was_used_once(account: Account) -> None:
    for hour in range(25):
        account.server.time.at = hour * 3600.0
        assert account.is_logged_in()
    tokens = account.server.tokens
    assert tokens.renewed == 6
    assert tokens.spent == [f"refresh-{number}" for number in range(6)]


@pytest.mark.parametrize("step", ["noted", "stored"])
def test_killed_before_the_question_or_between_storing_and_use_it_is_still_logged_in(
    account: Account, step: str
) -> None:
    def kill(passed: str) -> None:
        if passed == step:
            raise Killed

    with pytest.raises(Killed):
        account.process(kill).token(refused="access-0")
    token = account.process().token(refused="access-0")
    assert account.works(token)
    assert account.server.tokens.spent == ["refresh-0"]


def test_killed_between_the_answer_and_the_disk_the_old_token_serves_and_then_it_is_said(
    account: Account,
) -> None:
    def kill(passed: str) -> None:
        if passed == "answered":
            raise Killed

    account.process().token(refused="access-0")
    account.server.time.at = 14_400 - 600  # ten minutes before access-1 ends
    with pytest.raises(Killed):
        account.process(kill).token()
    assert account.process().token() == "access-1"
    account.server.time.at = 14_400
    with pytest.raises(OperatorError) as refusal:
        account.process().token()
    assert "on 2026-11-20 at 15:50 UTC a new pair was asked for" in str(refusal.value)
    assert "set SHOPEE_ACCESS_TOKEN and SHOPEE_REFRESH_TOKEN to the new pair" in str(refusal.value)
    account.server.tokens.refresh = "refresh-9"
    account.start = KeptTokens("", "refresh-9")  # the operator has done so
    assert account.works(account.process().token())


def test_an_answer_that_never_came_is_said_too(account: Account) -> None:
    login = account.process()
    account.server.troubles[RENEW] = [CUT]
    with pytest.raises(SourceLost):
        login.token(refused="access-0")
    account.server.tokens.refresh = "refresh-that-nobody-holds"
    with pytest.raises(OperatorError, match="on 2026-11-20 at 12:00 UTC a new pair was asked for"):
        login.token(refused="access-0")


def test_a_refresh_token_that_was_never_good_is_told_apart(account: Account) -> None:
    account.start = KeptTokens("", "of-somebody-else")
    for _ in range(2):
        with pytest.raises(OperatorError, match="older than 30 days, was used by another program"):
            account.process().token()


def test_an_outage_is_sat_out_while_the_old_token_works(account: Account) -> None:
    login = account.process()
    login.token(refused="access-0")
    account.server.time.at = 14_400 - 1799
    account.server.troubles[RENEW] = [no("error_server"), CUT, Said(b"", 503), no("error_sign")]
    for _ in range(4):
        assert login.token() == "access-1"
        assert login.token() == "access-1"  # asked again in a minute only
        account.server.time.at += 61
    assert account.server.troubles[RENEW] == []
    assert login.token() == "access-2"


def test_a_newer_pair_of_the_operator_counts_and_an_old_one_does_not(account: Account) -> None:
    account.process().token(refused="access-0")
    assert account.process().token() == "access-1"  # although the environment still holds access-0
    account.server.tokens.refresh = "refresh-9"
    account.start = KeptTokens("", "refresh-9")
    assert account.process().token() == "access-2"
    account.start = KeptTokens("access-0", "refresh-0")
    assert account.process().token() == "access-2"


def test_two_processes_share_a_file_and_spend_no_token_twice(account: Account) -> None:
    together, tokens = threading.Barrier(2), list[str]()
    first, second = account.process(), account.process()

    def renew(login: ShopeeLogin) -> None:
        together.wait(60)
        tokens.append(login.token(refused="access-0"))

    threads = [threading.Thread(target=renew, args=(login,)) for login in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert tokens == ["access-1", "access-1"]
    assert account.server.tokens.spent == ["refresh-0"]


@pytest.mark.parametrize("answer", [Said(b'{"error": ""}'), Said(b"[]"), Said(b"\xff")])
def test_an_answer_without_tokens_is_no_login(account: Account, answer: Said) -> None:
    account.server.troubles[RENEW] = [answer]
    with pytest.raises(SourceLost):
        account.process().token(refused="access-0")
    assert account.works(account.process().token(refused="access-0"))


def test_nothing_is_asked_when_nothing_can_be_stored(account: Account) -> None:
    account.folder.joinpath("shop.next").mkdir()
    with pytest.raises(OperatorError, match="tokens cannot be kept"):
        account.process().token(refused="access-0")
    assert account.server.asked == []
