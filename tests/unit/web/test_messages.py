"""Messages over HTTP: durable before the answer, and each refused by its line."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from threading import Thread
from typing import Any

import httpx2
import pytest
import sqlalchemy

from intent.bootstrap.receiving import Receiving
from intent.flow.backpressure import Backpressure, BackpressurePolicy
from intent.model.errors import OperatorError
from intent.store.audit import balance
from intent.store.engine import Database
from tests.conftest import rows
from tests.serving import RunningServer, Served
from tests.unit.sources.webhooks import signing

Serve = Callable[..., Served]
Start = Callable[..., AbstractContextManager[RunningServer]]
LINES = {"content-type": "application/x-ndjson"}


def one(number: int = 1, **values: Any) -> dict[str, Any]:
    return {
        "platform": "tiktok",
        "room_id": "live-1",
        "message_id": f"m-{number}",
        "user_id": "u-1",
        "kind": "comment",
        "text": "how much? 👍🏽",
        "sent_at": "2026-11-20T20:00:00+08:00",
        **values,
    }


def lines(*values: Any) -> bytes:
    return b"\n".join(
        value if isinstance(value, bytes) else json.dumps(value).encode() for value in values
    )


def counts(answer: Any) -> tuple[int, int, int]:
    told = answer.json()
    return told["accepted"], told["repeated"], len(told["refused"])


def database(client: Served) -> Database:
    return client.service.app.database


def test_a_message_is_stored_when_it_is_answered_and_known_the_second_time(served: Serve) -> None:
    client = served()
    for times in (0, 1):
        answer = client.post("/v1/messages", json=one(), headers={"idempotency-key": "k"})
        assert answer.status_code == 202
        assert counts(answer) == (1 - times, times, 0)
    (row,) = rows(database(client), "messages")
    assert row["text"] == "how much? 👍🏽"
    assert client.service.app.inbox.waiting() == 1


def test_a_list_and_lines_are_taken_and_what_is_no_message_refused_by_its_line(
    served: Serve,
) -> None:
    client = served()
    assert counts(client.post("/v1/messages", json=[one(1), one(2), one(1)])) == (2, 1, 0)
    body = lines(one(2), b'{"platform": "no', one(3), one(1, user_id="u-2"), one(4, text="a\0b"))
    answer = client.post("/v1/messages", content=body, headers=LINES)
    assert counts(answer) == (1, 1, 3)
    told = answer.json()["refused"]
    assert [(refused["line"], refused["status"]) for refused in told] == [
        (2, 422),
        (4, 409),
        (5, 422),
    ]
    assert told[1]["detail"].startswith("message_id: is known from another author")
    letters = rows(database(client), "dead_letters")
    assert len(letters) == 3
    assert letters[0]["position"] == f"request {answer.headers['x-request-id']} line 2"


def test_an_edit_is_counted_apart(served: Serve) -> None:
    client = served()
    client.post("/v1/messages", json=one())
    edited = one(text="how much for two?", sent_at="2026-11-20T20:00:05+08:00")
    answer = client.post("/v1/messages", json=edited)
    assert (answer.status_code, answer.json()["edited"], counts(answer)) == (202, 1, (0, 0, 0))


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (lines(one(text="x" * 9_000)), LINES, 422),
        (lines(b'{"text": "' + b"a" * 900_000), LINES, 422),
        (lines(*[b"{}"] * 100_000), LINES, 413),
        (b"a" * 1_048_577, LINES, 413),
        (b"", LINES, 400),
        (b'{"platform": "tik', {"content-type": "application/json"}, 400),
        (json.dumps(one()).encode("utf-16"), {"content-type": "application/json"}, 400),
        (json.dumps(one(), ensure_ascii=False).encode("utf-16"), LINES, 422),
        (json.dumps(one()).encode(), {"content-type": "text/plain"}, 415),
        (json.dumps(one()).encode(), {**LINES, "content-encoding": "br"}, 415),
        (b"no gzip", {**LINES, "content-encoding": "gzip"}, 422),
        (gzip.compress(lines(one()), mtime=0)[:-9], {**LINES, "content-encoding": "gzip"}, 400),
        (gzip.compress(b" " * 20_000_000, mtime=0), {**LINES, "content-encoding": "gzip"}, 413),
    ],
)
def test_what_cannot_be_taken_is_a_problem_that_quotes_nothing(
    served: Serve, content: bytes, headers: dict[str, str], status: int
) -> None:
    client = served()
    answer = client.post("/v1/messages", content=content, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "how much" not in answer.text
    assert client.service.app.inbox.waiting() == 0


def test_a_packed_body_is_unpacked(served: Serve) -> None:
    body = gzip.compress(lines(one(1), one(2)))
    headers = {**LINES, "content-encoding": "gzip"}
    assert counts(served().post("/v1/messages", content=body, headers=headers)) == (2, 0, 0)


def test_a_large_body_is_read_beside_the_event_loop_to_the_same_end(served: Serve) -> None:
    many = [one(number) for number in range(500)]
    assert counts(served().post("/v1/messages", json=many)) == (500, 0, 0)


def test_too_much_that_waits_closes_the_door_and_the_worker_opens_it(served: Serve) -> None:
    client, now = served(), [0.0]
    receiving, inbox = client.service.shared(Receiving), client.service.app.inbox
    policy = BackpressurePolicy(waiting=100)
    receiving.backpressure = Backpressure(inbox.backlog, policy=policy, clock=lambda: now[0])
    statuses: list[int] = []
    accepted = 0
    for number in range(0, 200, 10):
        answer = client.post("/v1/messages", json=[one(number + each) for each in range(10)])
        statuses.append(answer.status_code)
        accepted += answer.json().get("accepted", 0)
    assert statuses == [202] * 10 + [429] * 10
    assert int(answer.headers["retry-after"]) >= 1
    assert "100 messages wait" in answer.json()["detail"]
    taken = inbox.take(50, 1_000_000)
    with database(client).begin() as transaction:
        inbox.done(transaction, taken)
    now[0] += 1.0
    assert client.post("/v1/messages", json=one(999)).status_code == 202
    assert (accepted, inbox.waiting()) == (100, 51)


def test_a_database_that_is_away_is_told_with_when_to_come_again(served: Serve) -> None:
    client = served(url="postgresql+psycopg://nobody@127.0.0.1:1/none")
    for _ in range(2):
        answer = client.post("/v1/messages", json=one())
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1


def test_a_full_disk_takes_nothing_and_later_goes_on(served: Serve) -> None:
    client = served()
    assert client.post("/v1/messages", json=one(0)).status_code == 202
    engine = database(client).engine

    def hold(pages: int) -> Callable[[Any], None]:
        def begin(connection: Any) -> None:
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

        return begin

    full = hold(1)
    sqlalchemy.event.listen(engine, "begin", full)
    large = [one(number, text="x" * 8_000) for number in range(1, 100)]
    answer = client.post("/v1/messages", json=large)
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) >= 1
    sqlalchemy.event.remove(engine, "begin", full)
    sqlalchemy.event.listen(engine, "begin", hold(1_000_000))
    assert counts(client.post("/v1/messages", json=large)) == (99, 0, 0)


def test_a_database_that_only_a_person_can_mend_is_no_fault_of_who_sends(served: Serve) -> None:
    client = served()

    def read_only(batches: Any) -> Any:
        raise OperatorError("the database is read-only (/srv/secret.db); make it writable")

    client.service.app.inbox.put_all = read_only  # type: ignore[method-assign]
    answer = client.post("/v1/messages", json=one())
    assert answer.status_code == 503
    assert "secret" not in answer.text


def raw(server: RunningServer, body: bytes, *, length: int | None = None) -> None:
    """Send a request, and hang up without waiting for the answer."""
    head = (
        "POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {length or len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), 10) as link:
        link.sendall(head.encode() + body)
        if length is None:
            link.recv(1)


def test_who_hangs_up_half_way_leaves_nothing_and_who_hangs_up_later_is_stored(
    start_serving: Start,
) -> None:
    with start_serving() as server:
        whole = json.dumps(one(1)).encode()
        raw(server, json.dumps(one(2)).encode()[:50], length=len(whole))
        raw(server, whole)
        found = httpx2.post(f"{server.url}/v1/messages", json=[one(1), one(2)]).json()
    assert (found["accepted"], found["repeated"]) == (1, 1)


def test_two_servers_on_one_file_take_each_message_once(start_serving: Start) -> None:
    told: list[dict[str, Any]] = []

    def send(server: RunningServer, start: int) -> None:
        with httpx2.Client() as client:
            for number in range(start, start + 30):
                answer = client.post(f"{server.url}/v1/messages", json=one(number))
                assert answer.status_code == 202, answer.text
                told.append(answer.json())

    with start_serving() as first, start_serving() as second:
        threads = [
            Thread(target=send, args=(server, start))
            for server in (first, second)
            for start in (0, 15)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        held = first.service.app
        assert sum(one["accepted"] for one in told) == held.inbox.waiting() == 45
        assert len(told) == 120
        with held.database.read() as connection:
            assert balance(connection).holds


def test_leaving_answers_what_was_taken(start_serving: Start) -> None:
    with start_serving() as server:
        answers: list[int] = []

        def send() -> None:
            with httpx2.Client() as client:
                for number in range(1_000):
                    try:
                        answer = client.post(f"{server.url}/v1/messages", json=one(number))
                    except httpx2.TransportError:
                        return
                    answers.append(answer.json()["accepted"])

        thread = Thread(target=send)
        thread.start()
        while len(answers) < 20:
            thread.join(0.001)
        assert server.leave()
        thread.join(30)
    url = server.service.app.settings.database_url.get_secret_value()
    again = Database(url)
    stored = len(rows(again, "messages"))
    again.close()
    assert sum(answers) <= stored <= sum(answers) + 1


@pytest.fixture
def pushed(monkeypatch: pytest.MonkeyPatch, served: Serve) -> Callable[..., Any]:
    """Return a sender of what a platform pushes."""
    from intent.web.api import messages

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return signing.NOW.astimezone(UTC)

    monkeypatch.setattr(messages, "datetime", Clock)
    variables = {
        "whatsapp": "META_APP_SECRET",
        "messenger": "META_APP_SECRET",
        "instagram": "META_APP_SECRET",
        "kick": "KICK_PUBLIC_KEY",
        "tiktok-shop": "TIKTOK_SHOP_APP",
        "telegram": "TELEGRAM_WEBHOOK_SECRET",
        "standard": "STANDARD_WEBHOOK_SECRET",
    }
    client = served()

    def push(scheme: signing.Scheme, which: int, body: bytes | None = None, **more: Any) -> Any:
        monkeypatch.setenv(variables[scheme.platform], scheme.secrets[0])
        if more.get("rotating"):
            monkeypatch.setenv(variables[scheme.platform], scheme.secrets[1])
            monkeypatch.setenv(f"{variables[scheme.platform]}_OLD", scheme.secrets[0])
        content = scheme.body if body is None else body
        headers = {"content-type": "application/json", **scheme.sign(content, which)}
        return client.post(f"/v1/webhooks/{scheme.platform}", content=content, headers=headers)

    push.client = client  # type: ignore[attr-defined]
    return push


@pytest.mark.parametrize("scheme", signing.SCHEMES, ids=lambda scheme: scheme.platform)
def test_what_a_platform_pushes_is_stored_by_its_signature_alone(
    pushed: Callable[..., Any], scheme: signing.Scheme
) -> None:
    for times in (0, 1):
        answer = pushed(scheme, 0)
        assert answer.status_code == 200, answer.text
        assert counts(answer) == (1 - times, times, 0)
    assert pushed(scheme, 0, rotating=True).status_code == 200
    assert pushed(scheme, 1, rotating=True).status_code == 200  # the key that has taken over
    wrong = pushed(scheme, 2)
    assert (wrong.status_code, "how much" in wrong.text) == (401, False)
    assert pushed.client.service.app.inbox.waiting() == 1  # type: ignore[attr-defined]


def test_what_is_pushed_and_not_used_is_answered_all_the_same(pushed: Callable[..., Any]) -> None:
    kick = next(one for one in signing.SCHEMES if one.platform == "kick")
    answer = pushed(kick, 0, b"{}")
    assert answer.status_code == 200
    assert pushed(kick, 0, b"\xff").status_code == 400


def test_a_platform_that_asks_whether_a_webhook_is_ours_hears_its_own_words(
    served: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = served()
    query = {"hub.mode": "subscribe", "hub.verify_token": "word", "hub.challenge": "1158201444"}
    assert client.get("/v1/webhooks/whatsapp", params=query).status_code == 401
    monkeypatch.setenv("META_VERIFY_TOKEN", "word")
    answer = client.get("/v1/webhooks/whatsapp", params=query)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert client.get("/v1/webhooks/kick", params=query).status_code == 404
    assert client.post("/v1/webhooks/nobody", json={}).status_code == 404
