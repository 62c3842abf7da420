"""Facebook Live: nothing is missed over restarts, and refusals are one sentence."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest

from intent.model.batch import Batch, Position
from intent.model.errors import OperatorError, SourceLost
from intent.sources.live.facebook.facebook_comments import NOBODY
from intent.sources.live.facebook.facebook_live import FacebookLive
from intent.sources.live.facebook.graph_api import GraphApi
from tests.unit.sources.live.platform_server import CUT, Asked, PlatformServer, Said, said

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TOKEN, VIDEO = "EAAG-page-token", "55"
PAGE = 3


class FakeGraph(PlatformServer):
    """A live video with its comments, a few a page; answers troubles first."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.spoken: list[dict[str, Any]] = []
        self.video: dict[str, Any] = {"status": "LIVE", "title": "Sale", "from": {"id": "9001"}}
        self.troubles: list[Said] = []

    def speak(self, second: float, words: str = "price?", **more: Any) -> str:
        number = f"{VIDEO}_{len(self.spoken) + 1}"
        when = NOON + timedelta(seconds=second)
        comment = {"id": number, "from": {"id": "7702"}, "message": words}
        created = when.strftime("%Y-%m-%dT%H:%M:%S+0000")
        self.spoken.append({**comment, "created_time": created, **more})
        return number

    @property
    def pages(self) -> list[Asked]:
        return [one for one in self.asked if one.path.endswith("/comments")]

    def _answer(self, asked: Asked) -> Said:
        assert asked.headers["authorization"] == f"Bearer {TOKEN}"
        if self.troubles:
            return self.troubles.pop(0)
        if asked.path == f"/v25.0/{VIDEO}":
            return said(self.video)
        assert asked.path == f"/v25.0/{VIDEO}/comments"
        assert asked.query["order"] == "chronological"
        assert asked.query["live_filter"] == "no_filter"
        since = datetime.fromtimestamp(int(asked.query.get("since", 0)), UTC)
        recent = [
            one for one in self.spoken if datetime.fromisoformat(one["created_time"]) >= since
        ]
        first = int(asked.query.get("after", 0))
        last = first + PAGE
        paging: dict[str, Any] = {"cursors": {"before": str(first), "after": str(last)}}
        if last < len(recent):
            paging["next"] = "http://127.0.0.1:1/never?access_token=stolen"
        return said({"data": recent[first:last], "paging": paging})


class Watcher:
    """Watches the video, restarted from what was stored."""

    def __init__(self, server: FakeGraph) -> None:
        self.server, self.stored, self.waited = server, list[Batch](), 0.0

    def start(self, app_secret: str | None = None) -> Iterator[Batch]:
        api = GraphApi(TOKEN, self.server.url, "v25.0", app_secret=app_secret)
        source = FacebookLive(
            api,
            VIDEO,
            "fb",
            stop=Event(),
            position=next((one.position for one in reversed(self.stored) if one.position), None),
            clock=lambda: self.waited,
            sleep=self.wait,
        )
        return source.read()

    def wait(self, seconds: float) -> None:
        self.waited += seconds

    def watch(self, seconds: float = 3.0) -> None:
        end = self.waited + seconds
        for batch in self.start():
            if batch:
                self.stored.append(batch)
            if self.waited >= end:
                return

    @property
    def said(self) -> list[tuple[str, str]]:
        return [(one.message_id, one.text) for batch in self.stored for one in batch.messages]


@pytest.fixture
def server() -> Iterator[FakeGraph]:
    with FakeGraph() as running:
        yield running


@pytest.fixture
def watcher(server: FakeGraph) -> Watcher:
    return Watcher(server)


def test_all_pages_are_read_and_a_comment_is_handed_over_once(
    server: FakeGraph, watcher: Watcher
) -> None:
    spoken = [server.speak(second) for second in range(8)]
    watcher.watch(seconds=9)
    assert [number for number, _ in watcher.said] == spoken
    assert [one.query.get("after") for one in server.pages[:3]] == [None, "3", "6"]
    # The next poll begins a minute before the latest.
    assert server.pages[3].query["since"] == str(int((NOON + timedelta(seconds=-53)).timestamp()))


def test_what_was_said_while_nobody_watched_is_read_afterwards(
    server: FakeGraph, watcher: Watcher
) -> None:
    spoken = [server.speak(0)]
    watcher.watch()
    spoken += [server.speak(second) for second in range(3600, 3700, 10)]
    watcher.watch()
    assert sorted({number for number, _ in watcher.said}) == sorted(spoken)


def test_killed_after_any_page_nothing_is_missed(server: FakeGraph, watcher: Watcher) -> None:
    spoken = {server.speak(second * 30) for second in range(40)}
    for _ in range(20):
        running = watcher.start()
        stored = len(watcher.stored)
        while len(watcher.stored) < stored + 2 and {one for one, _ in watcher.said} != spoken:
            batch = next(running)
            if batch:
                watcher.stored.append(batch)
    assert {number for number, _ in watcher.said} == spoken


def test_an_edit_of_the_last_minute_is_handed_over_again(
    server: FakeGraph, watcher: Watcher
) -> None:
    number = server.speak(0, "price?")
    running = watcher.start()
    while not watcher.stored:
        batch = next(running)
        if batch:
            watcher.stored.append(batch)
    server.spoken[0]["message"] = "price for two?"
    while len(watcher.stored) < 2:
        batch = next(running)
        if batch:
            watcher.stored.append(batch)
    assert watcher.said == [(number, "price?"), (number, "price for two?")]


def test_a_comment_of_nobody_is_refused_and_the_source_goes_on(
    server: FakeGraph, watcher: Watcher
) -> None:
    server.speak(0, **{"from": None})
    good = server.speak(1)
    watcher.watch()
    reasons = {one.reason for batch in watcher.stored for one in batch.refused}
    assert reasons == {NOBODY}
    assert (good, "price?") in watcher.said


def test_a_sticker_is_passed_over(server: FakeGraph, watcher: Watcher) -> None:
    server.speak(0, "")
    watcher.watch()
    assert [batch for batch in watcher.stored if batch.messages or batch.refused] == []


def test_a_video_that_is_over_is_read_to_its_end(server: FakeGraph, watcher: Watcher) -> None:
    spoken = [server.speak(second) for second in range(7)]
    server.video["status"] = "VOD"
    watcher.stored = [batch for batch in watcher.start() if batch]
    assert [number for number, _ in watcher.said] == spoken


def test_a_proof_goes_with_every_question_if_there_is_a_secret(
    server: FakeGraph, watcher: Watcher
) -> None:
    server.video["status"] = "VOD"
    list(watcher.start(app_secret="app-secret"))
    proof = hmac.new(b"app-secret", TOKEN.encode(), hashlib.sha256).hexdigest()
    assert {one.query["appsecret_proof"] for one in server.asked} == {proof}


def error(code: int, message: str = "no\nway", status: int = 400, **headers: str) -> Said:
    return said(
        {"error": {"message": message, "type": "OAuthException", "code": code}}, status, **headers
    )


USAGE = '{"55": [{"estimated_time_to_regain_access": 0}, {"estimated_time_to_regain_access": 7}]}'


@pytest.mark.parametrize(
    ("trouble", "wait"),
    [
        *[(error(code), 60.0) for code in (4, 17, 32, 613)],
        (error(4, status=403, X_Business_Use_Case_Usage=USAGE), 420.0),
        (error(4, status=403, X_Business_Use_Case_Usage="{"), 60.0),
        (Said(b"{}", 429), 60.0),
        (error(2), None),
        (error(1, status=500), None),
        (Said(b"<html>"), None),
        (CUT, None),
    ],
)
def test_what_passes_by_itself_is_a_lost_connection(
    server: FakeGraph, watcher: Watcher, trouble: Said, wait: float | None
) -> None:
    server.troubles = [trouble]
    with pytest.raises(SourceLost) as lost:
        watcher.watch()
    assert lost.value.wait == wait
    assert TOKEN not in str(lost.value)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (error(190, "Session has expired"), "set FACEBOOK_ACCESS_TOKEN to a new one"),
        (error(10), "pages_read_engagement"),
        (error(200), "pages_read_engagement"),
        (error(100, "Unsupported get request"), "see whether the live video exists"),
        (error(100, "API calls require an appsecret_proof"), "set FACEBOOK_APP_SECRET"),
        (said({"error": "what"}), "see whether the live video exists"),
        (Said(b"{}", 404), "status 404"),
    ],
)
def test_what_only_a_person_can_mend_is_one_sentence(
    server: FakeGraph, watcher: Watcher, trouble: Said, reason: str
) -> None:
    server.troubles = [trouble]
    with pytest.raises(OperatorError, match=reason) as refusal:
        watcher.watch()
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("answer", [{}, {"data": "x"}, {"data": [None, 5], "paging": 7}])
def test_whatever_a_page_holds_the_source_goes_on(
    server: FakeGraph, watcher: Watcher, answer: dict[str, Any]
) -> None:
    server.troubles = [said(server.video), said(answer)]
    spoken = server.speak(0)
    watcher.watch(seconds=6)
    assert watcher.said == [(spoken, "price?")]


@pytest.mark.parametrize("token", ["ä", "a b", "a\nb"])
def test_what_is_no_token_is_refused_before_anything_is_sent(token: str) -> None:
    with pytest.raises(OperatorError, match="holds characters that no token has"):
        GraphApi(token, "http://127.0.0.1:1", "v25.0")


def test_a_position_of_something_else_is_refused(server: FakeGraph, watcher: Watcher) -> None:
    watcher.stored = [Batch(position=Position("fb", "12"))]
    with pytest.raises(OperatorError, match="give the source another name"):
        watcher.start()
