"""Asking a platform's API: what comes back, and what is a lost connection."""

from __future__ import annotations

import pytest

from intent.model.errors import OperatorError, SourceLost
from intent.sources.live import fetch
from intent.sources.live.fetch import AnswerTooLong, HttpReader
from tests.unit.sources.live.platform_server import CUT, Asked, PlatformServer, Said, said


def test_what_was_asked_arrives_and_what_was_said_comes_back() -> None:
    with PlatformServer(lambda asked: said({"ok": 1}, 404, X_Left="3")) as server:
        reader = HttpReader("Shop", server.url + "/")
        answer = reader.get("/v1/rooms", {"room": "a b&c"}, headers={"Authorization": "Bearer t"})
        reader.post("/v1/tokens", {"sign": "x"}, json={"n": 2**60})
    assert (answer.status, answer.body, answer.headers["x-left"]) == (404, b'{"ok": 1}', "3")
    first, second = server.asked
    assert (first.path, first.query) == ("/v1/rooms", {"room": "a b&c"})
    assert first.headers["authorization"] == "Bearer t"
    assert (second.method, second.query, second.json) == ("POST", {"sign": "x"}, {"n": 2**60})


@pytest.mark.parametrize(
    ("answer", "wait", "reason"),
    [
        (CUT, None, "Shop does not answer (RemoteProtocolError)"),
        (Said(b"", 503, {"Retry-After": "7"}), 7.0, "Shop answers with status 503"),
        (Said(b"", 500, {"Retry-After": "99999999"}), 3600.0, "Shop answers with status 500"),
        (Said(b"", 502, {"Retry-After": "soon"}), None, "Shop answers with status 502"),
        (Said(b"", 302, {"Location": "http://[::1]/"}), None, "Shop answers with status 302"),
        (Said(b"not gzip", 200, {"Content-Encoding": "gzip"}), None, "Shop does not answer (De"),
    ],
)
def test_no_answer_is_a_lost_source_and_never_tells_the_address(
    answer: Said, wait: float | None, reason: str
) -> None:
    with PlatformServer(lambda asked: answer) as server, pytest.raises(SourceLost) as lost:
        HttpReader("Shop", server.url).get("/secret-token/rooms")
    assert str(lost.value).startswith(reason)
    assert lost.value.wait == wait
    assert "secret-token" not in repr(lost.value)


def test_nobody_there_is_a_lost_source() -> None:
    with PlatformServer() as server:
        pass
    with pytest.raises(SourceLost, match="ConnectError"):
        HttpReader("Shop", server.url).get("/")


def test_an_answer_that_takes_too_long_as_a_whole_is_given_up() -> None:
    now = [0.0]

    def slowly(asked: Asked) -> Said:
        now[0] += 21.0
        return said({})

    with PlatformServer(slowly) as server:
        reader = HttpReader("Shop", server.url, clock=lambda: now[0])
        with pytest.raises(SourceLost, match="does not end its answer in 20 s"):
            reader.get("/")
        assert reader.get("/", seconds=22).status == 200


def test_an_endless_answer_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "MAX_ANSWER_BYTES", 1000)
    with (
        PlatformServer(lambda asked: Said(b"x" * 1001)) as server,
        pytest.raises(AnswerTooLong, match="more than 1,000 bytes"),
    ):
        HttpReader("Shop", server.url).get("/")


@pytest.mark.parametrize("url", ["", "shop.example", "ftp://shop.example", "http://", "\0"])
def test_an_address_that_is_none_is_for_the_operator(url: str) -> None:
    with pytest.raises(OperatorError, match="write it like https://HOST"):
        HttpReader("Shop", url)


def test_a_form_is_sent_as_one() -> None:
    with PlatformServer() as server:
        HttpReader("Shop", server.url).post("/token", form={"grant": "refresh", "code": "a b"})
    (asked,) = server.asked
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.body == b"grant=refresh&code=a+b"
