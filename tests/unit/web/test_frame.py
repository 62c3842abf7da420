from __future__ import annotations

from collections.abc import Callable

import pytest
import structlog.testing
from starlette.responses import Response, StreamingResponse

from intent.model.errors import Malformed, OperatorError, StoreUnavailable, WrongUse
from intent.model.principal import Scope
from intent.web.app import TABLE
from intent.web.endpoint import Endpoint, page
from intent.web.entrance import Entrance
from intent.web.visit import Visit
from tests.serving import Served

Serve = Callable[..., Served]
SECRET = "call me at 0812"


def raising(error: Exception) -> list[Endpoint]:
    def handler(visit: Visit, name: str) -> Response:
        raise error

    return [Endpoint("GET", "/v1/x/{name}", handler, Scope.READ)]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StoreUnavailable(f"{SECRET} at host:5432"), 503),
        (OperatorError(f"{SECRET}: run intent migrate"), 503),
        (WrongUse("no such label"), 422),
        (Malformed("no platform"), 422),
        (ValueError(SECRET), 500),
        (KeyError(SECRET), 500),
    ],
)
def test_every_error_is_a_problem_without_a_text_or_a_stack(
    served: Serve, error: Exception, status: int
) -> None:
    answer = served(table=raising(error)).get("/v1/x/1")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert SECRET not in answer.text
    assert "Traceback" not in answer.text
    assert ("retry-after" in answer.headers) == (status == 503)


def test_a_defect_is_logged_by_its_place_and_never_by_what_it_quotes(served: Serve) -> None:
    client = served(table=raising(ValueError(SECRET)))
    with structlog.testing.capture_logs() as logs:
        client.get("/v1/x/u_7702?q=" + SECRET)
    assert SECRET not in repr(logs)
    assert "u_7702" not in repr(logs)
    defect = next(line for line in logs if line["event"] == "defect")
    assert "test_frame.py" in defect["at"]
    request = next(line for line in logs if line["event"] == "request")
    assert (request["route"], request["status"]) == ("/v1/x/{name}", 500)


def test_unknown_paths_and_methods_are_problems(served: Serve) -> None:
    client = served()
    assert client.get("/v1/nothing").json()["status"] == 404
    wrong = client.post("/livez")
    assert wrong.json()["status"] == 405
    assert {name.strip() for name in wrong.headers["allow"].split(",")} == {"GET", "HEAD"}


def test_people_get_a_page_where_programs_get_json(served: Serve) -> None:
    shown = served().get("/nothing", headers={"accept": "text/html,*/*"})
    assert shown.headers["content-type"].startswith("text/html")
    assert "Not Found" in shown.text
    told = served().get("/v1/nothing", headers={"accept": "text/html"})
    assert told.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/", "/livez", "/nothing", "/static/style.css"])
def test_every_answer_has_a_strict_policy(served: Serve, path: str) -> None:
    headers = served().get(path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "server" not in headers


def test_a_request_keeps_the_id_that_it_came_with(served: Serve) -> None:
    client = served()
    given = {"x-request-id": "abc-1", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    seen: list[dict[str, object]] = []

    def handler(visit: Visit) -> Response:
        seen.append(structlog.contextvars.get_contextvars())
        return Response()

    client = served(table=[Endpoint("GET", "/v1/x", handler, None)])
    assert client.get("/v1/x", headers=given).headers["x-request-id"] == "abc-1"
    assert seen == [{"request": "abc-1", "trace": "a" * 32}]
    strange = client.get("/v1/x", headers={"x-request-id": "a b"}).headers["x-request-id"]
    assert len(strange) == 16


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.", "x y"])
def test_a_name_that_was_made_to_lead_here_is_refused(served: Serve, host: str) -> None:
    assert served().get("/", headers={"host": host}).status_code in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000"])
def test_names_of_this_machine_are_ours(served: Serve, host: str) -> None:
    assert served().get("/", headers={"host": host}).status_code == 200


def test_where_other_machines_reach_us_any_name_may_be_ours_and_nobody_is_let_in(
    served: Serve,
) -> None:
    client = served(table=raising(ValueError()), entrance=Entrance(False, None))
    told = client.get("/v1/x/1", headers={"host": "shop.example"})
    assert told.status_code == 401
    assert told.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1"},
    ],
)
def test_what_another_site_makes_a_browser_post_is_refused(
    served: Serve, headers: dict[str, str]
) -> None:
    def handler(visit: Visit) -> Response:
        return Response()

    table = [
        Endpoint("POST", "/v1/x", handler, Scope.READ),
        page("POST", "/x", handler, Scope.READ),
    ]
    client = served(table=table)
    assert client.post("/v1/x", headers=headers).status_code == 403
    assert client.post("/x", headers=headers).status_code == 403
    assert client.post("/v1/x", headers={"origin": "http://127.0.0.1"}).status_code == 200
    assert client.post("/v1/x").status_code == 200


def test_an_answer_that_breaks_half_way_is_cut_and_said_in_the_log(served: Serve) -> None:
    async def handler(visit: Visit) -> Response:
        async def halves() -> object:
            yield b"half"
            raise ValueError(SECRET)

        return StreamingResponse(halves())  # type: ignore[arg-type]

    client = served(table=[Endpoint("GET", "/v1/x", handler, None)])
    with structlog.testing.capture_logs() as logs:
        client.get("/v1/x")
    assert SECRET not in repr(logs)
    assert next(line for line in logs if line["event"] == "request")["cut"] is True


@pytest.mark.parametrize("name", ["..%2fapp.py", "%2e%2e%2f%2e%2e%2fapp.py", "a%00b", "\U0001f600"])
def test_no_path_leaves_the_static_files(served: Serve, name: str) -> None:
    assert served().get(f"/static/{name}").status_code in (404, 422)


def test_static_files_are_asked_for_once(served: Serve) -> None:
    client = served()
    first = client.get("/static/style.css")
    again = client.get("/static/style.css", headers={"if-none-match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


def test_no_two_endpoints_answer_to_the_same() -> None:
    declared = [(one.method, one.path) for one in TABLE]
    assert len(declared) == len(set(declared))
