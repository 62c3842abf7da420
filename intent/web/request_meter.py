"""Tells how long requests took and how they ended: by the pattern of their route, never by what
stands in a path.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from intent.bootstrap.application import Application
from intent.model.message import read_traceparent
from intent.model.process_instruments import HTTP_BODY, HTTP_LIMITED, HTTP_OPEN, HTTP_REQUEST
from intent.ports.metering import Meter, Span

TOO_MANY = 429


class RequestMeter:
    """Tells the meter and tracer of an application."""

    def __init__(self, app: Application) -> None:
        self._app = app

    @contextmanager
    def request(self, scope: Scope) -> Iterator[RequestTold]:
        """Spend the block on a request."""
        meter, method = self._app.meter, scope["method"]
        parent = read_traceparent(Headers(scope=scope).get("traceparent"))
        named: dict[str, str | int] = {"http.request.method": method}
        meter.count(HTTP_OPEN)
        try:
            with self._app.tracer.span("request", named, sort="server", parent=parent) as span:
                yield RequestTold(scope, meter, span)
        finally:
            meter.count(HTTP_OPEN, -1.0)


class RequestTold:
    """What is told of one request."""

    def __init__(self, scope: Scope, meter: Meter, span: Span) -> None:
        self._scope, self._meter, self._span = scope, meter, span
        self._bytes = 0

    def counting(self, receive: Receive) -> Receive:
        """Return what hands over the body, and counts it."""

        async def counted() -> Message:
            message = await receive()
            self._bytes += len(message.get("body", b""))
            return message

        return counted

    def answered(self, status: int, seconds: float) -> None:
        """Note how it ended."""
        route = route_of(self._scope)
        self._meter.observe(HTTP_REQUEST, [seconds], route, self._scope["method"], str(status))
        self._meter.count(HTTP_BODY, self._bytes, route)
        if status == TOO_MANY:
            self._meter.count(HTTP_LIMITED)
        self._span.note({"http.route": route, "http.response.status_code": status})


def route_of(scope: Scope) -> str:
    """Return the path as it was declared: what stands in a path may be a person."""
    path: str = getattr(scope.get("route"), "path", "-")
    return path
