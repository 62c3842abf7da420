"""Shopee Live: every comment is stored, or lies in a gap that was told."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intent.model.batch import Batch, Gap, Position
from intent.model.errors import OperatorError, SourceLost
from intent.model.message import Message
from intent.sources.live.shopee.shopee_api import ShopeeApi
from intent.sources.live.shopee.shopee_comments import OnAir
from intent.sources.live.shopee.shopee_live import PAGES, ShopeeLive
from intent.sources.live.shopee.shopee_login import ShopeeLogin
from intent.sources.live.shopee.shopee_signing import Partner
from intent.sources.live.shopee.token_file import KeptTokens, TokenFile
from tests.unit.sources.live.platform_server import CUT, Said, said
from tests.unit.sources.live.shopee.fake_shopee import (
    COMMENTS,
    KEY,
    NOON,
    PARTNER,
    RENEW,
    SESSION,
    USER,
    FakeShopee,
    Time,
    no,
)


class Listener:
    """Listens to the session, restarted from what was stored."""

    def __init__(self, server: FakeShopee, folder: Path) -> None:
        self.server, self.folder, self.key = server, folder, KEY
        self.stored: list[Batch] = []
        self.running: Iterator[Batch] | None = None

    def start(self) -> Iterator[Batch]:
        time = self.server.time
        api = ShopeeApi(Partner(PARTNER, self.key), USER, self.server.url, now=time.now)
        login = ShopeeLogin(
            TokenFile(self.folder, "shop"),
            KeptTokens("access-0", "refresh-0"),
            api.renewed,
            now=time.now,
        )
        return ShopeeLive(
            api,
            login,
            OnAir(SESSION, USER),
            "shop",
            stop=Event(),
            position=self.position,
            clocks=time.clocks,
        ).read()

    def kill(self) -> None:
        self.running = None

    def listen(self, polls: int = 1) -> None:
        """Go on, or start again, and store until so many polls have ended."""
        running, self.running = self.running or self.start(), None
        wanted = self.polls + polls
        while self.polls < wanted:
            self.step(running)
        self.running = running

    def step(self, running: Iterator[Batch]) -> None:
        batch = next(running)
        if batch:
            self.stored.append(batch)

    def to_the_end(self) -> None:
        self.stored.extend(batch for batch in self.start() if batch)

    @property
    def polls(self) -> int:
        return sum(batch.position is not None for batch in self.stored)

    @property
    def position(self) -> Position | None:
        return next((one.position for one in reversed(self.stored) if one.position), None)

    @property
    def messages(self) -> list[Message]:
        return [one for batch in self.stored for one in batch.messages]

    @property
    def ids(self) -> list[str]:
        return [one.message_id for one in self.messages]

    @property
    def gaps(self) -> list[Gap]:
        return [gap for batch in self.stored for gap in batch.gaps]


@pytest.fixture
def server() -> Iterator[FakeShopee]:
    with FakeShopee(Time()) as running:
        yield running


@pytest.fixture
def listener(server: FakeShopee, tmp_path: Path) -> Listener:
    return Listener(server, tmp_path)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_every_page_is_read_and_a_comment_is_handed_over_once(
    server: FakeShopee, listener: Listener
) -> None:
    said_then = [server.speak(at=0) for _ in range(8)]
    listener.listen(polls=3)
    assert listener.ids == said_then
    assert listener.gaps == []
    assert [one.query["offset"] for one in server.calls(COMMENTS)[:4]] == ["0", "3", "6", "8"]
    assert server.time.at == pytest.approx(6.0)


def test_a_comment_goes_with_what_was_on_screen_when_it_was_first_seen(
    server: FakeShopee, listener: Listener
) -> None:
    server.shown = {"has_show_item": True, "item": {"item_id": 17, "name": "Kaos navy"}}
    server.speak()
    listener.listen()
    server.shown = {"has_show_item": True, "item": {"item_id": 18, "name": "Topi"}}
    server.speak()
    listener.listen()
    shown = [(one.item_id, one.context and one.context.item) for one in listener.messages]
    assert shown == [("17", "Kaos navy"), ("18", "Topi")]
    assert {one.context and one.context.offer for one in listener.messages} == {"Promo"}


@pytest.mark.parametrize("answer", [no("error_server"), CUT, said({"response": {"item": [1]}})])
def test_an_item_that_is_not_told_costs_no_comment(
    server: FakeShopee, listener: Listener, answer: Said
) -> None:
    server.troubles["/api/v2/livestream/get_show_item"] = [answer]
    server.speak()
    listener.listen()
    assert len(listener.ids) == 1


def test_ten_seconds_between_two_polls_are_no_gap_and_more_are_one(
    server: FakeShopee, listener: Listener
) -> None:
    listener.listen()
    server.time.at += 10
    listener.listen()
    assert listener.gaps == []
    server.time.at += 10.5
    listener.listen()
    assert listener.gaps == [Gap("shopee", SESSION, at(10), at(10.5), listener.gaps[0].reason)]


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(delays=st.lists(st.integers(0, 300), max_size=10), kills=st.sets(st.integers(0, 10)))
def test_whatever_the_delays_a_comment_is_stored_or_lies_in_a_gap(
    tmp_path_factory: pytest.TempPathFactory, delays: list[int], kills: set[int]
) -> None:
    time = Time()
    with FakeShopee(time) as server:
        spoken = {server.speak(at=second + 0.05): at(second + 0.05) for second in range(400)}
        listener = Listener(server, tmp_path_factory.mktemp("state"))
        for number, delay in enumerate([0, *delays]):
            time.at = round(time.at + delay / 10, 6)
            if number in kills:
                listener.kill()
            listener.listen()
    polls = [one.position.token for one in listener.stored if one.position is not None]
    instants = [datetime.fromisoformat(token) for token in polls]
    far = [a for a, b in itertools.pairwise(instants) if b - a > timedelta(seconds=10)]
    assert [gap.since for gap in listener.gaps] == far
    for message, when in spoken.items():
        blind = any(gap.until and gap.since <= when <= gap.until for gap in listener.gaps)
        assert message in listener.ids or blind or when > instants[-1]


def test_a_machine_that_slept_is_blind_although_its_other_clock_stood_still(
    server: FakeShopee, listener: Listener
) -> None:
    listener.listen()
    server.time.at += 3600
    server.time.stood_still = 3600
    listener.listen()
    assert [(gap.since, gap.until) for gap in listener.gaps] == [(at(0), at(3593))]


def test_a_clock_that_was_set_back_hides_no_gap(server: FakeShopee, listener: Listener) -> None:
    listener.listen()
    server.time.at += 60
    server.time.set_back = 60
    listener.listen()
    assert [(gap.since, gap.until) for gap in listener.gaps] == [(at(0), at(50))]


def test_what_fails_for_a_moment_is_asked_again_within_the_ten_seconds(
    server: FakeShopee, listener: Listener
) -> None:
    listener.listen()
    server.troubles[COMMENTS] = [no("error_server", status=500), CUT, no("error_rate_limit")]
    said_then = server.speak()
    listener.listen()
    assert (listener.ids, listener.gaps) == ([said_then], [])


def test_what_fails_for_longer_is_lost_and_the_gap_is_told_when_it_is_back(
    server: FakeShopee, listener: Listener
) -> None:
    listener.listen()
    server.troubles[COMMENTS] = [CUT] * 100
    with pytest.raises(SourceLost):
        listener.listen()
    del server.troubles[COMMENTS]
    assert server.time.at < 15
    server.time.at += 20
    listener.listen()
    assert [gap.since for gap in listener.gaps] == [at(0)]


def test_a_token_that_ends_is_renewed_meanwhile(server: FakeShopee, listener: Listener) -> None:
    listener.listen()
    server.time.at = 14_400
    said_then = server.speak()
    listener.listen()
    assert said_then in listener.ids
    assert server.tokens.spent == ["refresh-0"]
    assert len(server.calls(RENEW)) == 1


def test_a_session_that_ended_is_read_to_its_end(server: FakeShopee, listener: Listener) -> None:
    said_then = server.speak()
    server.session["status"] = 2
    listener.to_the_end()
    assert listener.ids == [said_then]


def test_a_session_that_ended_and_hands_out_nothing_more_ends_too(
    server: FakeShopee, listener: Listener
) -> None:
    server.session["status"] = 2
    server.troubles[COMMENTS] = [no("error_not_found", "session is over")]
    listener.to_the_end()
    assert listener.stored == []


def test_a_session_that_has_not_begun_is_waited_for(server: FakeShopee, listener: Listener) -> None:
    server.session["status"] = 0
    running = listener.start()
    while server.time.at < 30:
        assert not next(running)
    assert server.calls(COMMENTS) == []
    server.session["status"] = 1
    said_then = server.speak()
    while not listener.stored:
        listener.step(running)
    assert listener.ids == [said_then]


def test_pages_that_go_in_circles_end(server: FakeShopee, listener: Listener) -> None:
    comment = {"comment_id": 1, "content": "x", "timestamp": 1_795_176_000, "user_id": 2}
    pages = [{"next_offset": n + 1, "list": [comment]} for n in range(PAGES + 1)]
    server.troubles[COMMENTS] = [said({"error": "", "response": page}) for page in pages]
    with pytest.raises(SourceLost, match="do not end"):
        listener.listen()


@pytest.mark.parametrize(
    "response",
    [
        None,
        [],
        {},
        {"list": "x"},
        {"list": [None, 5], "next_offset": "7"},
        {"list": [], "next_offset": -1},
    ],
)
def test_whatever_a_page_holds_the_source_goes_on(
    server: FakeShopee, listener: Listener, response: object
) -> None:
    server.troubles[COMMENTS] = [said({"error": "", "response": response})]
    said_then = server.speak(at=2)
    listener.listen(polls=2)
    assert listener.ids == [said_then]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("error_not_found", "see whether the session exists"),
        ("livestream.error_permission", "whether the app may use the livestream API"),
    ],
)
def test_what_only_a_person_can_mend_is_one_sentence(
    server: FakeShopee, listener: Listener, code: str, reason: str
) -> None:
    server.troubles[COMMENTS] = [no(code, "no\nway", status=403)]
    with pytest.raises(OperatorError, match=reason) as refusal:
        listener.listen()
    assert "\n" not in str(refusal.value)


def test_a_wrong_key_is_told(listener: Listener) -> None:
    listener.key = "another"
    with pytest.raises(OperatorError, match="does not take our signature"):
        listener.listen()


def test_a_token_that_is_refused_although_it_is_new_is_told(
    server: FakeShopee, listener: Listener
) -> None:
    refusals = [no("error_auth")] * 2
    server.troubles["/api/v2/livestream/get_session_detail"] = refusals
    with pytest.raises(OperatorError, match="a token that it has just given"):
        listener.listen()


def test_a_position_of_something_else_is_refused(server: FakeShopee, listener: Listener) -> None:
    listener.stored = [Batch(position=Position("shop", "12"))]
    with pytest.raises(OperatorError, match="give the source another name"):
        listener.start()
