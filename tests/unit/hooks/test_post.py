"""A post ends in time, whatever its receiver does, and reaches nobody whom it may not reach."""

from __future__ import annotations

import socket

import pytest

from intent.hooks.post import HookPost
from intent.model.hook import Answered
from tests import receivers
from tests.receivers import Behaviour, Receiver, answer


def posted(receiver: Receiver, *, seconds: float = 30.0) -> Answered:
    headers = {"webhook-id": "msg_1"}
    return HookPost(seconds=seconds).post(receiver.url, headers, b'{"a": 1}', allow_private=True)


def test_what_is_sent_arrives_as_it_is() -> None:
    with Receiver() as receiver:
        assert posted(receiver) == Answered(200)
    (seen,) = receiver.seen
    assert (seen.path, seen.body, seen.webhook_id) == ("/leads?to=me", b'{"a": 1}', "msg_1")
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (answer(204), Answered(204)),
        (receivers.endless_body, Answered(200)),
        (answer(500, b"trace of theirs"), Answered(500, "answers with status 500")),
        (answer(410), Answered(410, "answers with status 410")),
        (answer(429, Retry_After="7"), Answered(429, "answers with status 429", 7.0)),
        (answer(503, Retry_After="soon"), Answered(503, "answers with status 503")),
    ],
)
def test_a_status_says_all_that_is_needed(behaviour: Behaviour, expected: Answered) -> None:
    with Receiver(behaviour) as receiver:
        assert posted(receiver) == expected


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (receivers.reset, "broke the connection off"),
        (receivers.leave, "breaks off"),
        (receivers.garbage, "no HTTP"),
        (receivers.endless_head, "more than|no HTTP"),
    ],
)
def test_what_is_no_answer_is_told_in_our_words(behaviour: Behaviour, why: str) -> None:
    with Receiver(behaviour) as receiver:
        told = posted(receiver)
    assert told.status is None
    assert any(part in told.error for part in why.split("|")), told


@pytest.mark.parametrize("behaviour", [receivers.hang, receivers.drip])
def test_silence_and_dripping_end_with_the_deadline(behaviour: Behaviour) -> None:
    with Receiver(behaviour) as receiver:
        assert posted(receiver, seconds=0.2) == Answered(None, "does not answer in 0.2 s")


def test_a_half_open_connection_ends_with_the_deadline() -> None:
    with Receiver(deaf=True) as receiver:
        assert posted(receiver, seconds=0.2) == Answered(None, "does not answer in 0.2 s")


def test_a_redirect_is_not_followed() -> None:
    with Receiver() as other, Receiver(answer(307, Location=other.url)) as receiver:
        told = posted(receiver)
        assert (told.status, told.accepted) == (307, False)
        assert "redirects are not followed" in told.error
    assert other.seen == []


def test_what_does_not_listen_is_told_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    told = HookPost().post(f"http://127.0.0.1:{port}/", {}, b"{}", allow_private=True)
    assert "cannot be connected to" in told.error


def test_no_tls_where_tls_is_wanted_is_told_so() -> None:
    with Receiver(receivers.garbage) as receiver:
        url = receiver.url.replace("http://", "https://")
        told = HookPost().post(url, {}, b"{}", allow_private=True)
    assert told.error.startswith(("TLS fails", "cannot be connected to", "broke")), told


def test_a_name_that_leads_inside_is_not_connected_to() -> None:
    with Receiver() as receiver:
        post = HookPost(resolve=lambda host, port: ["127.0.0.1"])
        url = f"http://shop.example:{receiver.port}/"
        told = post.post(url, {}, b"{}", allow_private=False)
        assert "no public address" in told.error
        assert post.post(url, {}, b"{}", allow_private=True) == Answered(200)
    assert len(receiver.seen) == 1


def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    answers = iter([["127.0.0.1"], ["192.0.2.1"]])
    with Receiver() as receiver:
        post = HookPost(resolve=lambda host, port: next(answers))
        url = f"http://rebinding.example:{receiver.port}/"
        assert post.post(url, {}, b"{}", allow_private=True) == Answered(200)
    assert next(answers) == ["192.0.2.1"], "it was asked for once"


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with Receiver() as receiver:
        assert posted(receiver) == Answered(200)
