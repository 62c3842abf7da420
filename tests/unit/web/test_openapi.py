"""The document of the API holds what is routed, and whatever it lets in is answered without a
defect.

The fuzzing draws from the document itself, with Hypothesis alone: Schemathesis would do the same,
and bring six packages with it, GraphQL's among them, and a plugin into every run of pytest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intent.model.principal import Scope
from intent.operations.keys import create_key
from intent.web.app import TABLE
from intent.web.endpoint import Audience
from intent.web.entrance import Entrance
from intent.web.openapi import describe
from tests.serving import Served, service_on

METHODS = ("get", "post", "put", "delete", "patch")
DOCUMENT = describe(TABLE)
OPERATIONS = [
    (method, path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    # Endless by design.
    if "text/event-stream" not in operation["responses"].get("200", {}).get("content", {})
]

ODD = st.sampled_from(["\0", "\u202e", "\U0001f600", "'; --", "../..", "%00", "9" * 400, "-1", ""])
TEXTS = st.one_of(st.text(max_size=30), ODD)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def fitting(schema: dict[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Return values that mostly fit a schema."""
    if depth > 4:
        return VALUES
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return fitting(DOCUMENT["components"]["schemas"][name], depth + 1)
    if choices := schema.get("anyOf", schema.get("oneOf")):
        return st.one_of(*(fitting(one, depth + 1) for one in choices))
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    match schema.get("type"):
        case "object":
            required = schema.get("required", ())
            parts = {
                name: fitting(one, depth + 1) | VALUES
                for name, one in schema.get("properties", {}).items()
            }
            optional = {name: one for name, one in parts.items() if name not in required}
            needed = {name: one for name, one in parts.items() if name in required}
            return st.fixed_dictionaries(needed, optional=optional)
        case "array":
            return st.lists(fitting(schema.get("items", {}), depth + 1), max_size=3)
        case "integer":
            least, most = schema.get("minimum"), schema.get("maximum")
            return st.integers(least, most) | st.integers()
        case "boolean":
            return st.booleans()
        case _:
            return TEXTS | VALUES


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("fuzzed")
    service = service_on(
        f"sqlite:///{folder}/intent.db", Entrance(False, None), serve_requests_per_minute=10_000_000
    )
    with Served(service) as opened:
        text = create_key(service.app.database, "fuzz", [Scope.ADMIN]).text
        opened.headers["authorization"] = f"Bearer {text}"
        yield opened


def test_every_endpoint_of_programs_is_described_once() -> None:
    described = {
        (method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item
    }
    assert described == {
        (one.method, one.path) for one in TABLE if one.audience is Audience.PROGRAMS
    }
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(names) == len(set(names))
    assert all(operation["summary"] for _, _, operation in OPERATIONS)


def test_what_the_document_refers_to_is_there() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    for name in re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(DOCUMENT)):
        assert name in DOCUMENT["components"]["schemas"], name


def test_the_document_is_served_and_as_a_page(client: Served) -> None:
    assert client.get("/openapi.json").json() == DOCUMENT
    shown = client.get("/api", headers={"authorization": ""})
    assert shown.status_code == 200
    assert "/v1/messages" in shown.text
    assert "<script" not in shown.text


@pytest.mark.parametrize(
    ("method", "path", "operation"), OPERATIONS, ids=[f"{one[0]} {one[1]}" for one in OPERATIONS]
)
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_whatever_comes_is_answered_as_the_document_says(
    client: Served, method: str, path: str, operation: dict[str, Any], data: st.DataObject
) -> None:
    query: dict[str, str] = {}
    for one in operation["parameters"]:
        value = data.draw(TEXTS if one["in"] == "path" else fitting(one["schema"]) | TEXTS)
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", quote(str(value), safe="") or "x")
        elif data.draw(st.booleans()):
            query[one["name"]] = quote(str(value), errors="replace")
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    content, headers = b"", {}
    if "requestBody" in operation:
        media_types = operation["requestBody"]["content"]
        media_type = data.draw(st.sampled_from(sorted(media_types)))
        body = data.draw(
            fitting(media_types[media_type]["schema"]) | VALUES | st.binary(max_size=60)
        )
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"content-type": media_type}
    answer = client.request(
        method.upper(), f"{path}?{asked}" if asked else path, content=content, headers=headers
    )
    assert answer.status_code < 500 or answer.status_code == 503, answer.text
    said = {int(status) for status in operation["responses"]} | {404, 405}
    assert answer.status_code in said, (answer.status_code, answer.text)
    if answer.status_code >= 400 and answer.status_code != 503:
        assert answer.headers["content-type"] == "application/problem+json"
