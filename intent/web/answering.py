"""Answers a request at its endpoint: lets it in, parses it, calls the handler, writes what came of
it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from intent.web.admission import SAFE, Admission, check_token
from intent.web.body import read_body, read_fields, refuse_nul, refuse_nul_in_json
from intent.web.cookies import VISITOR, VISITOR_SECONDS, set_cookie
from intent.web.endpoint import Audience, Endpoint
from intent.web.problem import Problem, invalid
from intent.web.service import Service
from intent.web.visit import Visit

TOKEN_FIELD = "csrf"  # noqa: S105  the name of a field


class Answering:
    """Answers at all endpoints of one path; an application of its own, as servers call it."""

    def __init__(
        self, service: Service, admission: Admission, endpoints: Mapping[str, Endpoint]
    ) -> None:
        self._service, self._admission, self._endpoints = service, admission, endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request.

        Raises:
            Problem: it cannot be answered, and why.
            IntentError: the core says so.
        """
        request = Request(scope, receive)
        endpoint = self._endpoints["GET" if request.method == "HEAD" else request.method]
        admitted = await self._admission.admit(request, endpoint)
        who = admitted.who
        scope["who"] = who
        visit = Visit(request, self._service, who, admitted.token)
        arguments = {**_path(request), **_query(endpoint, request)}
        if endpoint.before is not None:
            await endpoint.before(visit)
        arguments |= await self._body(endpoint, visit)
        async with asyncio.timeout(self._service.app.settings.serve_request_seconds):
            response = await self._called(endpoint, visit, arguments)
        if admitted.visitor is not None and endpoint.gives == "text/html":
            set_cookie(response, request, VISITOR, admitted.visitor, VISITOR_SECONDS)
        await response(scope, receive, send)

    async def _called(
        self, endpoint: Endpoint, visit: Visit, arguments: Mapping[str, Any]
    ) -> Response:
        def call() -> Any:
            return _written(endpoint, endpoint.handler(visit, **arguments))

        if endpoint.is_async:
            result = await endpoint.handler(visit, **arguments)
            return _written(endpoint, result)
        response: Response = await self._service.threads.run(call)
        return response

    async def _body(self, endpoint: Endpoint, visit: Visit) -> dict[str, Any]:
        form_due = endpoint.audience is Audience.PEOPLE and endpoint.method not in SAFE
        if not (form_due or "body" in endpoint.hints):
            return {}
        seconds = self._service.app.settings.serve_body_seconds
        content = await read_body(visit.request, endpoint.most, seconds)
        if form_due:
            return _form(endpoint, content, visit.token)
        _require_type(endpoint, visit.request)
        if endpoint.body is None:
            return {"body": content}
        refuse_nul_in_json(content)
        return {"body": _validated(endpoint.body, content)}


def _written(endpoint: Endpoint, result: Any) -> Response:
    if isinstance(result, Response):
        return result
    if endpoint.answer is None:
        return Response(status_code=204)
    content = endpoint.answer.dump_json(result)
    return Response(content, endpoint.status, media_type="application/json")


def _path(request: Request) -> dict[str, str]:
    refuse_nul(request.path_params, "path")
    return dict(request.path_params)


def _query(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    model = endpoint.query
    if model is None:
        return {}
    fields = read_fields(request.scope["query_string"].decode("latin-1"), "query")
    return {"query": _filled(model, fields, "query")}


def _form(endpoint: Endpoint, content: bytes, token: str) -> dict[str, Any]:
    fields = read_fields(content.decode("utf-8", "replace"), "form")
    check_token(fields.pop(TOKEN_FIELD, [""])[-1], token, endpoint)
    return {} if endpoint.form is None else {"form": _filled(endpoint.form, fields, "form")}


def _filled(model: type[BaseModel], fields: Mapping[str, list[str]], where: str) -> BaseModel:
    """Return the model of fields of text: all values where it wants several, else the last one."""
    several = {
        field.alias or name
        for name, field in model.model_fields.items()
        if get_origin(field.annotation) in (list, tuple, set, frozenset)
    }
    values = {name: found if name in several else found[-1] for name, found in fields.items()}
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise invalid(error, where) from None


def _validated(adapter: TypeAdapter[Any], content: bytes) -> Any:
    try:
        return adapter.validate_json(content)
    except ValidationError as error:
        raise invalid(error, "body") from None


def _require_type(endpoint: Endpoint, request: Request) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in endpoint.takes:
        takes = " or ".join(endpoint.takes)
        raise Problem(415, f"the body must be {takes}; say so in the header Content-Type")
