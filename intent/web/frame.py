"""Stands around every request: its id, whether it is meant for us, headers that browsers obey,
errors, and one line of the log; no line holds what people wrote.
"""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from intent.model.principal import Principal
from intent.telemetry import logger, where, with_ids
from intent.web.problem import DEFECT, Problem, as_problem, problem_response, wants_page
from intent.web.render import rendered
from intent.web.request_meter import RequestMeter, route_of
from intent.web.service import Service

POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'"
)
"""What a page may load and do (Content-Security-Policy): nothing from elsewhere, nothing inline."""

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    # Not *no-referrer*: browsers would then post forms without saying from where.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
"""Headers of every answer that says nothing else itself."""

WATCHED = frozenset({"/livez", "/readyz", "/metrics"})

LEFT = 499
"""Stands for the status of a request whose client left before there was one."""

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")
_LOG = "web"


@dataclass(slots=True)
class _Answer:
    """What was sent so far."""

    status: int = 0
    bytes: int = 0
    whole: bool = False


class Frame:
    """The outermost application of the server."""

    def __init__(self, inner: ASGIApp, service: Service) -> None:
        self._inner, self._service = inner, service
        self._told = RequestMeter(service.app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or follow the life of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._service.started()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._service.leave()
        self._service.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, began, answer = Headers(scope=scope), time.perf_counter(), _Answer()
        request_id = _request_id(headers)
        scope.update(app=self, request_id=request_id)
        outgoing = _Outgoing(send, answer, request_id, secure=scope["scheme"] == "https")
        with with_ids(request=request_id, **_trace(headers)), self._told.request(scope) as told:
            try:
                _require_one_meaning(headers)
                _require_host(headers, self._service.entrance.hosts)
                await self._inner(scope, told.counting(receive), outgoing)
            except Exception as error:  # noqa: BLE001  a request ends with an answer, never with a stack
                await self._answer_error(error, scope, receive, outgoing)
            finally:
                seconds = time.perf_counter() - began
                told.answered(answer.status or LEFT, seconds)
                _log(scope, answer, seconds)

    async def _answer_error(
        self, error: Exception, scope: Scope, receive: Receive, outgoing: _Outgoing
    ) -> None:
        problem = as_problem(error)
        if problem is None or problem.status >= 500:
            _tell(error, problem)
        if outgoing.answer.status:
            # Half an answer cannot be taken back: the server cuts the connection.
            return
        response = error_response(problem or DEFECT, scope)
        try:
            await response(scope, receive, outgoing)
        except OSError:
            # Whoever asked has left.
            return


class _Outgoing:
    """Sends an answer with the headers of all answers."""

    def __init__(self, send: Send, answer: _Answer, request_id: str, *, secure: bool) -> None:
        self._send, self.answer = send, answer
        self._id, self._secure = request_id, secure

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.answer.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self._id
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if self._secure:
                headers.setdefault("strict-transport-security", "max-age=31536000")
        elif message["type"] == "http.response.body":
            self.answer.bytes += len(message.get("body", b""))
            self.answer.whole = not message.get("more_body", False)
        await self._send(message)


def error_response(problem: Problem, scope: Scope) -> Response:
    """Return the answer to what went wrong: a page for people, JSON for programs."""
    request_id = scope["request_id"]
    headers = Headers(scope=scope)
    programs = scope["path"].startswith("/v1/")
    if programs or not wants_page(headers.getlist("accept")):
        return problem_response(problem, request_id)
    content = rendered("problem.html", problem=problem, request_id=request_id)
    return HTMLResponse(content, problem.status, headers=problem.headers)


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    # Not asked of the system: anybody may guess it, and a call of the system lets others go first.
    return given if _ID.fullmatch(given) else f"{random.getrandbits(64):016x}"


def _trace(headers: Headers) -> dict[str, str]:
    found = _TRACE.fullmatch(headers.get("traceparent", ""))
    return {"trace": found[1]} if found else {}


def _require_one_meaning(headers: Headers) -> None:
    """Refuse a body whose end two servers could see at two places (request smuggling)."""
    if "transfer-encoding" in headers and "content-length" in headers:
        detail = "a body has a length or is sent in chunks, not both"
        raise Problem(400, detail, headers={"connection": "close"})


def _require_host(headers: Headers, hosts: frozenset[str] | None) -> None:
    """Refuse a request that was meant for another server, such as by a name that was made to lead
    here (DNS rebinding).
    """
    given = headers.getlist("host")
    found = _HOST.fullmatch(given[0]) if len(given) == 1 else None
    if found is None:
        raise Problem(400, "the header Host must name one server")
    if hosts is not None and found[1].lower() not in hosts:
        raise Problem(421, "this service does not answer to that name; INTENT_SERVE_HOSTS adds one")


def _tell(error: Exception, problem: Problem | None) -> None:
    """Log what only an operator can see to: for a defect where it was, but not its text, which may
    quote what people wrote.
    """
    if problem is not None:
        text = str(error) or type(error).__name__
        logger(_LOG).warning("refused", status=problem.status, error=text)
        return
    logger(_LOG).error("defect", error=type(error).__name__, at=where(error))


def _log(scope: Scope, answer: _Answer, seconds: float) -> None:
    who: Principal | None = scope.get("who")
    values = {
        "who": who and (who.key or who.name),
        "cut": None if answer.whole else True,
    }
    route = route_of(scope)
    # Whoever watches asks every few seconds, and would fill the log.
    say = logger(_LOG).debug if route in WATCHED and answer.status == 200 else logger(_LOG).info
    say(
        "request",
        method=scope["method"],
        route=route,
        status=answer.status or LEFT,
        bytes=answer.bytes,
        ms=round(seconds * 1000, 1),
        **{name: value for name, value in values.items() if value},
    )
