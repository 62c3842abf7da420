"""Describes the API as OpenAPI 3.1, from the endpoints themselves: there is no second
description.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from intent import __version__
from intent.web.endpoint import Audience, Endpoint
from intent.web.problem import MEDIA_TYPE

PLACE = "#/components/schemas/{model}"

_ERRORS = {
    400: "the request is none that can be read",
    401: "no key was shown, or one that opens nothing",
    403: "the key does not open this",
    408: "the body did not come in time",
    413: "the body is too large",
    415: "the body is of another media type",
    422: "a value is wrong",
    429: "too many requests; Retry-After says when to come again",
    503: "the service or its database is busy or away; Retry-After says when to come again",
}


class ProblemAnswer(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str


def describe(table: Iterable[Endpoint]) -> dict[str, Any]:
    """Return the document of what programs may ask."""
    endpoints = sorted(
        (one for one in table if one.audience is Audience.PROGRAMS),
        key=lambda one: (one.path, one.method),
    )
    schemas = _Schemas(endpoints)
    paths: dict[str, dict[str, Any]] = {}
    for one in endpoints:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "lead-intent", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


class _Schemas:
    """The schemas of all models, each once, by where they are used."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        wanted: list[tuple[Any, JsonSchemaMode, TypeAdapter[Any]]] = [
            (ProblemAnswer, "serialization", TypeAdapter(ProblemAnswer))
        ]
        for one in endpoints:
            for name, adapter in (("body", one.body), ("return", one.answer)):
                mode: JsonSchemaMode = "serialization" if name == "return" else "validation"
                if adapter is not None:
                    wanted.append(((one.method, one.path, name), mode, adapter))
        found, defined = TypeAdapter.json_schemas(wanted, ref_template=PLACE)
        self._found = {key: schema for (key, _), schema in found.items()}
        self.components: dict[str, Any] = defined.get("$defs", {})

    def of(self, endpoint: Endpoint, part: str) -> Mapping[str, Any]:
        return self._found[endpoint.method, endpoint.path, part]

    @property
    def problem(self) -> Mapping[str, Any]:
        return self._found[ProblemAnswer]


def _operation(one: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": one.handler.__name__,
        "summary": one.summary,
        "parameters": [*_path_parameters(one), *_query_parameters(one)],
        "responses": {str(status): answer for status, answer in _answers(one, schemas)},
    }
    if "body" in one.hints:
        schema = {} if one.takes_bytes else schemas.of(one, "body")
        content = {media_type: {"schema": schema} for media_type in one.takes}
        said["requestBody"] = {"required": True, "content": content}
    if one.scope is not None:
        said["security"] = [{"key": []}]
        said["description"] = f"Takes a key with the scope `{one.scope}`."
    return said


def _path_parameters(one: Endpoint) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", one.path):
        schema = {"type": "string", "minLength": 1, "pattern": "^[^/\\u0000]+$"}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(one: Endpoint) -> Iterator[dict[str, Any]]:
    if one.query is None:
        return
    schema = one.query.model_json_schema(ref_template=PLACE)
    for name, values in schema.get("properties", {}).items():
        said = {"name": name, "in": "query", "required": name in schema.get("required", ())}
        if text := values.pop("description", ""):
            said["description"] = text
        yield {**said, "schema": _inlined(values, schema.get("$defs", {}))}


def _inlined(schema: Any, defined: Mapping[str, Any]) -> Any:
    """Return a schema in which what it refers to stands itself."""
    if isinstance(schema, list):
        return [_inlined(inner, defined) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(defined[schema["$ref"].rpartition("/")[2]], defined)
    return {name: _inlined(inner, defined) for name, inner in schema.items()}


def _answers(one: Endpoint, schemas: _Schemas) -> Iterator[tuple[int, dict[str, Any]]]:
    if "return" in one.hints and one.hints["return"] in (None, type(None)):
        yield 204, {"description": HTTPStatus(204).phrase}
    else:
        schema = {} if one.answer is None else schemas.of(one, "return")
        content = {one.gives: {"schema": schema}} if schema else {one.gives: {}}
        yield one.status, {"description": HTTPStatus(one.status).phrase, "content": content}
    problem = {MEDIA_TYPE: {"schema": schemas.problem}}
    for status, text in sorted({**_possible(one), **one.errors}.items()):
        yield status, {"description": text, "content": problem}


def _possible(one: Endpoint) -> dict[int, str]:
    """Return the problems that an endpoint answers with before its handler is asked."""
    statuses = {400, 503}
    if one.scope is not None:
        statuses |= {401, 403, 429}
    if "body" in one.hints:
        statuses |= {408, 413, 415, 422}
    if one.query is not None or "{" in one.path:
        statuses |= {422}
    return {status: _ERRORS[status] for status in statuses}
