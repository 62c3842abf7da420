from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from intent.model.principal import Scope
from intent.web.endpoint import Endpoint, page
from intent.web.visit import Visit
from tests.serving import Served

Serve = Callable[..., Served]


class Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    room: str = ""
    labels: list[str] = Field(default_factory=list)
    limit: int = Field(10, ge=1, le=100)


class Note(BaseModel):
    text: str


@dataclass(frozen=True)
class Found:
    lead: str
    labels: list[str]
    limit: int


def find(visit: Visit, lead: str, query: Wanted) -> Found:
    """Find it."""
    return Found(lead, query.labels, query.limit)


def note(visit: Visit, lead: str, body: Note) -> None:
    """Note it."""


async def put(visit: Visit, body: bytes) -> dict[str, int]:
    """Put it."""
    return {"bytes": len(body)}


def post(visit: Visit, form: Note) -> Found:
    return Found(form.text, [], 1)


TABLE = [
    Endpoint("GET", "/v1/leads/{lead}", find, Scope.LEADS),
    Endpoint("POST", "/v1/leads/{lead}:note", note, Scope.LEADS),
    Endpoint("POST", "/v1/put", put, Scope.INGEST, status=202, most=100),
    page("POST", "/note", post, Scope.LEADS),
]


def test_query_and_path_are_parsed_and_a_dataclass_becomes_json(served: Serve) -> None:
    answer = served(table=TABLE).get("/v1/leads/a?labels=x&labels=y&limit=5")
    assert answer.json() == {"lead": "a", "labels": ["x", "y"], "limit": 5}


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "rom=1", "room=%00", "=1"])
def test_a_wrong_query_is_refused_by_where_it_is_wrong(served: Serve, query: str) -> None:
    answer = served(table=TABLE).get(f"/v1/leads/a?{query}")
    assert answer.status_code == 422


def test_what_was_sent_is_not_sent_back(served: Serve) -> None:
    answer = served(table=TABLE).get("/v1/leads/a?limit=0812-secret")
    assert answer.json()["errors"][0]["where"] == "query.limit"
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"text": "hi"}', 204),
        ('{"text": "a\\\\u0000b"}', 204),
        ('{"text": "a\\u0000b"}', 422),
        ('{"text": "\\ud83d"}', 422),
        ('{"text": 1}', 422),
        ("[" * 5_000, 422),
        ("", 422),
        (b"\xff\xfe", 422),
    ],
)
def test_a_body_is_what_was_declared(served: Serve, body: Any, status: int) -> None:
    headers = {"content-type": "application/json; charset=utf-8"}
    answer = served(table=TABLE).post("/v1/leads/a:note", content=body, headers=headers)
    assert answer.status_code == status, answer.text


def test_a_body_of_another_kind_is_refused(served: Serve) -> None:
    headers = {"content-type": "text/plain"}
    answer = served(table=TABLE).post("/v1/leads/a:note", content="{}", headers=headers)
    assert answer.status_code == 415


def test_bytes_are_handed_on_up_to_what_an_endpoint_takes(served: Serve) -> None:
    client, headers = served(table=TABLE), {"content-type": "application/json"}
    told = client.post("/v1/put", content=b"x" * 100, headers=headers)
    assert (told.status_code, told.json()) == (202, {"bytes": 100})
    assert client.post("/v1/put", content=b"x" * 101, headers=headers).status_code == 413


def test_a_body_without_a_length_is_counted_while_it_is_read(served: Serve) -> None:
    read = 0

    def pieces() -> Any:
        nonlocal read
        for _ in range(1_000):
            read += 1
            yield b"x" * 60

    headers = {"content-type": "application/json"}
    assert served(table=TABLE).post("/v1/put", content=pieces(), headers=headers).status_code == 413


def test_a_form_needs_the_token_of_a_page(served: Serve) -> None:
    client = served(table=[*TABLE, page("GET", "/token", show_token, Scope.LEADS)])
    assert client.post("/note", data={"text": "hi"}).status_code == 403
    assert client.post("/note", data={"text": "hi", "csrf": "wrong"}).status_code == 403
    token = client.get("/token").json()["lead"]
    assert client.post("/note", data={"text": "hi \U0001f600", "csrf": token}).json() == {
        "lead": "hi \U0001f600",
        "labels": [],
        "limit": 1,
    }


def show_token(visit: Visit) -> Found:
    return Found(visit.token, [], 1)


def test_a_request_that_takes_too_long_is_told_to_come_again(served: Serve) -> None:
    import asyncio

    async def never(visit: Visit) -> None:
        await asyncio.Event().wait()

    table = [Endpoint("GET", "/v1/never", never, None)]
    answer = served(table=table, serve_request_seconds=0.01).get("/v1/never")
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
