"""The server says whether it is ready and how it does, by routes and never by what stands in a path."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy
import structlog.testing
from prometheus_client.parser import text_string_to_metric_families
from starlette.responses import Response

from intent.model.principal import Scope
from intent.model.process_instruments import HOOK_CALL
from intent.web.app import TABLE
from intent.web.endpoint import Endpoint
from intent.web.entrance import Entrance
from intent.web.problem import Problem
from intent.web.visit import Visit
from tests.serving import Served

Serve = Callable[..., Served]


def values(client: Served) -> dict[tuple[str, tuple[str, ...]], float]:
    return {
        (sample.name.removeprefix("lead_intent_"), tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
    }


def test_who_can_work_is_ready_and_who_is_to_leave_is_not(served: Serve) -> None:
    client = served()
    client.service.app.database  # noqa: B018  made by now
    assert client.get("/readyz").json() == {"ready": True, "reasons": {}}
    client.service.stop.set()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == {"process": "was asked to leave"}
    assert client.get("/livez").status_code == 200


def test_a_database_at_another_migration_is_a_reason_without_an_address(served: Serve) -> None:
    client = served()
    with client.service.app.database.begin() as transaction:
        transaction.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = '0001'"))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "is at migration 0001" in answer.json()["reasons"]["database"]
    assert ".db" not in answer.text


def test_metrics_take_a_key_where_keys_are_asked_for(served: Serve) -> None:
    client = served(entrance=Entrance(open_while_keyless=False))
    assert client.get("/metrics").status_code == 401
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code in (200, 503)


def test_a_server_that_delivers_tells_of_pushes(served: Serve) -> None:
    client = served()
    client.service.app.meter.observe(HOOK_CALL, [0.2], "delivered")
    assert values(client)["hook_call_seconds_count", ("delivered",)] == 1


def test_who_watches_does_not_fill_the_log(served: Serve) -> None:
    client = served()
    with structlog.testing.capture_logs() as logs:
        client.get("/livez")
        client.get("/nothing")
    told = [(line["log_level"], line["route"]) for line in logs if line["event"] == "request"]
    assert told == [("debug", "/livez"), ("info", "-")]


def answering(visit: Visit, lead: str, body: bytes) -> Response:
    if lead == "many":
        raise Problem(429, "later", retry_after=1)
    return Response(body)


def test_requests_are_counted_by_route_method_and_status(served: Serve) -> None:
    client = served(table=[*TABLE, Endpoint("POST", "/v1/x/{lead}", answering, Scope.READ)])
    json = {"content-type": "application/json"}
    client.post("/v1/x/u_7702", content=b"[1, 2]", headers=json)
    client.post("/v1/x/many", content=b"[]", headers=json)
    client.get("/u_7702")
    client.request("U_7702", "/v1/x/1")
    client.get("/livez", headers={"traceparent": "call me at 0812"})
    found = values(client)
    # labels stand in the order of their names: method, route, status
    assert found["http_request_seconds_count", ("POST", "/v1/x/{lead}", "200")] == 1
    assert found["http_request_seconds_count", ("POST", "/v1/x/{lead}", "429")] == 1
    assert found["http_request_seconds_count", ("GET", "-", "404")] == 1
    assert found["http_request_bytes_total", ("/v1/x/{lead}",)] == 8
    assert found["http_limited_total", ()] == 1
    assert found["http_open_requests", ()] == 1, "the one that asks"
    assert not [key for key in found if "7702" in repr(key)]


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
def test_what_is_told_to_those_who_watch_is_never_kept_by_a_proxy(served: Serve, path: str) -> None:
    assert served().get(path).headers["cache-control"] == "no-store"
