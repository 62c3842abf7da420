from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from starlette.responses import PlainTextResponse, Response

from intent.model.principal import Scope
from intent.operations.keys import create_key, list_keys, revoke_keys
from intent.web.allowance import TokenBuckets, neighbourhood
from intent.web.app import TABLE
from intent.web.endpoint import Endpoint, page
from intent.web.entrance import Entrance
from intent.web.known_keys import FRESH_SECONDS, TRUSTED_SECONDS, KnownKeys
from intent.web.visit import Visit
from tests.serving import Served

Serve = Callable[..., Served]
CLOSED = Entrance(False, None)
HTML = {"accept": "text/html"}


def read(visit: Visit) -> Response:
    return PlainTextResponse(visit.asks.name)


def post(visit: Visit) -> Response:
    return PlainTextResponse(visit.asks.name)


ROUTES = (
    *TABLE,
    Endpoint("GET", "/v1/read", read, Scope.READ),
    Endpoint("GET", "/v1/admin", read, Scope.ADMIN),
    page("GET", "/read", read, Scope.READ),
    page("POST", "/post", post, Scope.READ),
)


@pytest.fixture
def client(served: Serve) -> Served:
    return served(table=ROUTES, entrance=CLOSED, serve_wrong_keys_per_minute=3)


def key(client: Served, *scopes: Scope, name: str = "shop") -> str:
    return create_key(client.service.app.database, name, scopes or [Scope.READ]).text


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def sign_in(client: Served, text: str, to: str = "/read") -> Response:
    token = re.search(r'name="csrf" value="(\w+)"', client.get("/sign-in").text)
    assert token is not None
    return client.post("/sign-in", data={"key": text, "to": to, "csrf": token[1]})  # type: ignore[return-value]


def form_token(client: Served) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', client.get("/", headers=HTML).text)
    assert found is not None
    return found[1]


@pytest.mark.fault("request", tries=3, on="sqlite")
def test_no_key_a_wrong_key_a_wrong_scope_and_a_right_one(client: Served) -> None:
    text = key(client)
    assert client.get("/v1/read").status_code == 401
    assert client.get("/v1/read", headers=bearer(text + "x")).status_code == 401
    assert client.get("/v1/read", headers={"authorization": f"Basic {text}"}).status_code == 401
    assert client.get("/v1/admin", headers=bearer(text)).status_code == 403
    assert client.get("/v1/read", headers=bearer(text)).text == "shop"


@pytest.mark.fault("request", on="sqlite")
def test_a_key_that_was_taken_back_is_noticed_within_seconds(client: Served) -> None:
    now = [0.0]
    client.service.keys._clock = lambda: now[0]
    text = key(client)
    assert client.get("/v1/read", headers=bearer(text)).status_code == 200
    revoke_keys(client.service.app.database, "shop")
    now[0] += FRESH_SECONDS
    assert client.get("/v1/read", headers=bearer(text)).status_code == 401


@pytest.mark.fault("request", on="sqlite")
def test_too_many_wrong_keys_are_not_listened_to_but_right_ones_are(client: Served) -> None:
    now = [0.0]
    service = client.service
    service.keys = KnownKeys(service.app, service.threads, lambda: now[0])
    text = key(client)
    other = key(client, name="other")
    known = Served(service, ROUTES)
    assert known.get("/v1/read", headers=bearer(text)).status_code == 200
    for _ in range(3):
        assert known.get("/v1/read", headers=bearer("li_00000000_x")).status_code == 401
    refused = known.get("/v1/read", headers=bearer("li_00000000_x"))
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 21
    assert sign_in(known, "li_00000000_x").status_code == 429
    now[0] += FRESH_SECONDS
    assert known.get("/v1/read", headers=bearer(text)).status_code == 200, "it was right before"
    assert known.get("/v1/read", headers=bearer(other)).status_code == 429, "nobody knows it yet"
    now[0] += TRUSTED_SECONDS
    assert known.get("/v1/read", headers=bearer(other)).status_code == 200


@pytest.mark.fault("request", on="sqlite")
def test_a_key_that_asks_too_much_is_told_when_to_come_again(served: Serve) -> None:
    client = served(table=ROUTES, entrance=CLOSED, serve_requests_per_minute=6)
    text, other = key(client), key(client, name="other")
    assert client.get("/v1/read", headers=bearer(text)).status_code == 200
    told = client.get("/v1/read", headers=bearer(text))
    assert (told.status_code, told.headers["retry-after"]) == (429, "10")
    assert client.get("/v1/read", headers=bearer(other)).status_code == 200
    assert client.get("/livez").status_code == 200


def test_a_laptop_is_open_until_the_first_key_is_made(served: Serve) -> None:
    now = [0.0]
    client = served(table=ROUTES)
    client.service.keys._clock = lambda: now[0]
    assert client.get("/v1/read").text == client.get("/read").text == "local"
    assert client.get("/v1/read", headers=bearer("li_00000000_x")).status_code == 401
    key(client)
    now[0] += FRESH_SECONDS + 1
    assert client.get("/v1/read").status_code == 401
    assert client.get("/read", headers=HTML).status_code == 303
    revoke_keys(client.service.app.database, "shop")
    now[0] += FRESH_SECONDS + 1
    assert client.get("/v1/read").status_code == 401, "taking all keys back opens nothing"


def test_people_sign_in_with_a_key_go_on_and_sign_out(client: Served) -> None:
    text = key(client, Scope.READ, Scope.LEADS)
    sent = client.get("/read?room=a%20b", headers=HTML)
    assert sent.status_code == 303
    assert sent.headers["location"] == "/sign-in?to=%2Fread%3Froom%3Da%2520b"
    assert client.get("/read", headers={"accept": "text/event-stream"}).status_code == 401
    wrong = sign_in(client, text + "x")
    assert wrong.status_code == 401
    went = sign_in(client, text, "/read?room=a%20b")
    assert (went.status_code, went.headers["location"]) == (303, "/read?room=a%20b")
    cookie = went.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    assert client.get("/read").text == "shop"
    assert client.get("/v1/read").status_code == 401, "a cookie opens no API"
    assert client.post("/post").status_code == 403
    assert client.post("/post", data={"csrf": form_token(client)}).text == "shop"
    assert client.post("/sign-out", data={"csrf": form_token(client)}).status_code == 303
    assert client.get("/read", headers=HTML).status_code == 303


@pytest.mark.fault("request", on="sqlite")
def test_a_session_ends_with_its_key(client: Served) -> None:
    sign_in(client, key(client))
    assert client.get("/read").status_code == 200
    revoke_keys(client.service.app.database, "shop")
    assert client.get("/read", headers=HTML).status_code == 303


@pytest.mark.parametrize("value", ["x" * 43, "", "../..", "x" * 9_000, "a\x7fb"])
@pytest.mark.fault("request", on="sqlite")
def test_a_cookie_of_another_database_is_nobody(client: Served, value: str) -> None:
    key(client)
    headers = {**HTML, "cookie": f"intent_session={value}"}
    assert client.get("/read", headers=headers).status_code == 303


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a b", "/\n/x", ""]
)
def test_signing_in_leads_nowhere_else(client: Served, to: str) -> None:
    assert sign_in(client, key(client), to).headers["location"] == "/"


@pytest.mark.fault("request", on="sqlite")
def test_a_form_of_another_browser_signs_nobody_in(client: Served) -> None:
    text = key(client)
    token = "0" * 64
    assert client.post("/sign-in", data={"key": text, "csrf": token}).status_code == 403


def test_over_https_a_cookie_travels_so_alone(client: Served) -> None:
    text = key(client)
    client.base_url = "https://shop.example"  # type: ignore[assignment]
    went = sign_in(client, text)
    assert "Secure" in went.headers["set-cookie"]
    assert "strict-transport-security" in went.headers


def test_the_use_of_a_key_is_noted(client: Served) -> None:
    text = key(client)
    client.get("/v1/read", headers=bearer(text))
    client.get("/livez")
    for _ in range(100):
        if list_keys(client.service.app.database)[0].used_at is not None:
            return
        client.get("/livez")
    raise AssertionError("not noted")


def test_buckets_fill_at_their_pace_and_are_not_remembered_for_ever() -> None:
    now = [0.0]
    buckets = TokenBuckets(60, 2, lambda: now[0])
    buckets.take("a")
    buckets.take("a")
    assert buckets.wait("a") == 1.0
    assert buckets.wait("b") == 0.0
    now[0] = 0.5
    assert buckets.wait("a") == 0.5
    now[0] = 9.0
    buckets.take("a")
    assert buckets.wait("a") == 0.0
    for number in range(10_001):
        buckets.take(str(number))
    assert len(buckets._buckets) == 10_000


def test_one_client_is_not_many_addresses() -> None:
    assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff") == "2001:db8::/64"
    assert neighbourhood("192.0.2.7") == "192.0.2.7"
    assert neighbourhood("testclient") == "testclient"


@pytest.mark.fault("request", on="sqlite")
def test_while_the_database_is_away_keys_are_told_to_come_again(served: Serve) -> None:
    client = served(url="postgresql://nobody@127.0.0.1:1/none", table=ROUTES, entrance=CLOSED)
    answer = client.get("/v1/read", headers=bearer("li_00000000_x"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "127.0.0.1:1" not in answer.text
    assert client.get("/livez").status_code == 200
    assert client.get("/sign-in").status_code == 200


@pytest.mark.parametrize(
    ("scope", "place"), [(Scope.READ, "/rooms"), (Scope.INGEST, "/api"), (Scope.LEADS, None)]
)
def test_nobody_is_refused_at_the_first_page(
    scope: Scope, place: str | None, client: Served
) -> None:
    sign_in(client, key(client, scope), "/")
    answer = client.get("/", headers=HTML)
    assert answer.headers.get("location") == place
    assert answer.status_code == (200 if place is None else 303)
