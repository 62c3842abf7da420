"""Leads over HTTP: listed, followed, downloaded and handled by programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from intent.bootstrap.erasing import forget_subject
from intent.model.batch import Batch
from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.decision import Entry
from intent.model.lead import lead_id
from intent.model.message import Message
from intent.model.principal import Scope
from intent.operations.contact_book import list_accesses
from intent.operations.keys import create_key
from intent.store.decisions import SqlDecisions
from intent.web.api.leads import _cell
from tests.conftest import EPOCH, MakeDecision, MakeMessage
from tests.serving import Served

Says = Callable[..., str]


@pytest.fixture
def client(served: Callable[..., Served]) -> Served:
    return served()


@pytest.fixture
def says(client: Served, make_message: MakeMessage, make_decision: MakeDecision) -> Says:
    """Return what lets a viewer say something that is a lead, and returns the lead's id."""
    app = client.service.app

    def say(text: str = "how much?", *labels: str, **values: Any) -> str:
        message: Message = make_message(text, **values)
        app.inbox.put(Batch([message]))
        entry = Entry(message, make_decision(*(labels or ("price_inquiry",))))
        with app.database.begin() as transaction:
            app.features.add(transaction, SqlDecisions().save(transaction, [entry]))
        return lead_id(*message.identity)

    return say


def test_leads_are_listed_a_part_at_a_time(client: Served, says: Says) -> None:
    ids = {says(f"text {number}", message_id=f"m{number}") for number in range(5)}
    seen, cursor = [], ""
    while True:
        part = client.get("/v1/leads", params={"limit": 2, "cursor": cursor}).json()
        seen += [one["id"] for one in part["leads"]]
        cursor = part["cursor"]
        if not cursor:
            break
    assert len(seen) == 5
    assert set(seen) == ids


def test_a_lead_is_read_and_an_unknown_one_is_unknown(client: Served, says: Says) -> None:
    lead = says("does it come in red?")
    assert client.get(f"/v1/leads/{lead}").json()["text"] == "does it come in red?"
    for wrong in ("nothing", "W10"):
        assert client.get(f"/v1/leads/{wrong}").status_code == 404


def test_leads_are_listed_by_when_they_were_said_and_how_sure_they_are(
    client: Served, says: Says
) -> None:
    says("first", message_id="m1")
    says("second", message_id="m2", sent_at=EPOCH + timedelta(hours=2))
    later = {"since": (EPOCH + timedelta(hours=1)).isoformat(), "minimum": 0.9}
    assert [one["text"] for one in client.get("/v1/leads", params=later).json()["leads"]] == [
        "second"
    ]
    assert client.get("/v1/leads", params={"since": "2026-11-20T12:00:00"}).status_code == 422


def test_a_place_from_elsewhere_gets_one_clear_answer(client: Served) -> None:
    answer = client.get("/v1/leads", params={"cursor": "from elsewhere"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert "start again" in answer.json()["detail"]


def test_who_is_second_is_told_who_was_first(client: Served, says: Says) -> None:
    lead = says()
    first = client.post(f"/v1/leads/{lead}:take", json={"expected": 0})
    assert (first.status_code, first.json()["state"], first.json()["version"]) == (200, "taken", 1)

    second = client.post(f"/v1/leads/{lead}:take", json={"expected": 0})
    assert second.status_code == 409
    assert second.json()["acted_by"] == first.json()["taken_by"]


def test_not_a_lead_leaves_the_list_and_comes_back_when_it_is_released(
    client: Served, says: Says
) -> None:
    lead = says()
    assert client.post(f"/v1/leads/{lead}:not_a_lead", json={"note": "a joke"}).status_code == 200
    assert client.get("/v1/leads").json()["leads"] == []
    [none] = client.get("/v1/leads", params={"state": "not_a_lead"}).json()["leads"]
    assert (none["id"], client.get(f"/v1/leads/{lead}").json()["state"]) == (lead, "not_a_lead")
    assert client.post(f"/v1/leads/{lead}:release", json={}).status_code == 200
    assert [one["id"] for one in client.get("/v1/leads").json()["leads"]] == [lead]


@pytest.mark.parametrize(
    ("action", "body", "status"),
    [
        ("note", {"note": "  "}, 422),
        ("note", {"note": "a\x00b"}, 422),
        ("note", {"note": "call 😀 her back"}, 200),
        ("take", {"action_id": "../x"}, 422),
        ("take", {"unknown": 1}, 422),
        ("not_a_lead", {"label": "price_inquiry"}, 422),
        ("eat", {}, 405),
    ],
)
def test_what_comes_with_an_action_is_checked(
    client: Served, says: Says, action: str, body: dict[str, Any], status: int
) -> None:
    assert client.post(f"/v1/leads/{says()}:{action}", json=body).status_code == status


def test_the_download_holds_no_formula(client: Served, says: Says) -> None:
    says("=HYPERLINK(1)", message_id="m1")
    says('+1 "please",\nnow', message_id="m2")
    answer = client.get("/v1/leads/export")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "'=HYPERLINK(1)" in answer.text
    assert '"\'+1 ""please"",\nnow"' in answer.text
    assert _cell(None) == ""


def test_the_stream_tells_what_changed_behind_a_cursor(
    start_serving: Any, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    import httpx2

    with start_serving() as server:
        app = server.service.app
        after = httpx2.get(f"{server.url}/v1/leads").json()["changes"]
        message = make_message("how much?")
        app.inbox.put(Batch([message]))
        with app.database.begin() as transaction:
            SqlDecisions().save(transaction, [Entry(message, make_decision("price_inquiry"))])
        where = f"{server.url}/v1/leads/stream"
        with httpx2.stream("GET", where, params={"after": after}, timeout=60) as answer:
            told = until_a_cursor(answer.iter_lines())
        data = next(told[n + 1] for n, line in enumerate(told) if line == "event: lead")
        assert json.loads(data.removeprefix("data: "))["text"] == "how much?"

        with httpx2.stream("GET", where, params={"after": "elsewhere"}, timeout=60) as answer:
            assert "event: reload" in list(answer.iter_lines())

        with httpx2.stream("GET", where, params={"after": after}, timeout=60) as answer:
            lines = answer.iter_lines()
            assert "event: lead" in until_a_cursor(lines)
            subject = DataSubject(SubjectKind.USER, "tiktok", message.user_id)
            forget_subject(app, subject, stop=Event(), anyway=False)
            assert "event: reload" in until_a_cursor(lines)
        assert httpx2.get(f"{server.url}/v1/leads").json()["leads"] == []


def until_a_cursor(lines: Iterator[str]) -> list[str]:
    """Return the lines of a stream up to the end of its next part."""
    told = []
    for line in lines:
        told.append(line)
        if line.startswith("id: "):
            break
    return told


def test_contact_details_are_shown_by_an_address_of_their_own_that_writes_it_down(
    client: Served, make_message: MakeMessage
) -> None:
    said = make_message("wa 0812-3456-7890 please")
    client.service.app.inbox.put(Batch([said, make_message("no number", message_id="m0")]))
    place = f"/v1/leads/{lead_id(*said.identity)}/contacts"
    assert client.get(place).json() == {
        "contacts": [{"placeholder": "[phone]", "kind": "phone", "text": "0812-3456-7890"}]
    }
    assert client.get(f"/v1/leads/{lead_id('tiktok', 'm0')}/contacts").status_code == 404
    (look,) = list_accesses(client.service.app.database, limit=10)
    assert (look.seen_by, look.seen_through, look.message_id) == ("local", "api", said.message_id)


def test_the_list_has_contact_details_for_who_asks_and_may(
    client: Served, says: Says, make_message: MakeMessage
) -> None:
    lead = says("wa 0812-3456-7890 or mail ann@example.com", "contact_request", message_id="m1")
    says("how much?", message_id="m2")
    plain = {one["id"]: one for one in client.get("/v1/leads").json()["leads"]}
    assert [one["contacts"] for one in plain.values()] == [None, None]
    assert plain[lead]["has_contacts"]
    assert list_accesses(client.service.app.database, limit=10) == []

    full = {
        one["id"]: [it["text"] for it in one["contacts"]]
        for one in client.get("/v1/leads", params={"contacts": True}).json()["leads"]
    }
    assert full.pop(lead) == ["ann@example.com", "0812-3456-7890"]
    assert list(full.values()) == [[]]
    (look,) = list_accesses(client.service.app.database, limit=10)
    assert (look.seen_through, look.message_id) == ("api", "m1")


def test_without_the_scope_nobody_is_shown_contact_details(client: Served, says: Says) -> None:
    lead = says("wa 0812-3456-7890")
    key = create_key(client.service.app.database, "shop", [Scope.LEADS]).text
    headers = {"authorization": f"Bearer {key}"}
    assert client.get("/v1/leads", headers=headers).status_code == 200
    asked = client.get("/v1/leads", params={"contacts": True}, headers=headers)
    assert asked.status_code == 403
    assert client.get(f"/v1/leads/{lead}/contacts", headers=headers).status_code == 403
    assert list_accesses(client.service.app.database, limit=10) == []
