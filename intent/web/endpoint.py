"""What is answered at one path to one method: declared once, from which it is routed, let in,
parsed and described.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, get_type_hints

from pydantic import BaseModel, TypeAdapter
from starlette.responses import Response

from intent.model.principal import Principal, Scope
from intent.web.body import BODY_MOST


class Audience(Enum):
    """Who an endpoint is for, and so what they show and what they get."""

    PROGRAMS = "programs"
    """They show a key in a header, and get JSON; errors are problems as JSON."""
    PEOPLE = "people"
    """They show the cookie of a session, and get pages; what they post has a token."""


@dataclass(frozen=True)
class Endpoint:
    """One path and method. What its handler takes and gives is read from its signature::

        def find(visit: Visit, query: LeadsQuery) -> LeadPage: ...
        async def put(visit: Visit, body: bytes) -> PutReport: ...
        def take(visit: Visit, lead: str, form: TakeForm) -> Response: ...

    ``visit`` comes first. ``query``, ``body`` and ``form`` are pydantic models (``body`` may be
    ``bytes``), and every ``{name}`` of the path is a ``str``. What is returned is a
    :class:`~starlette.responses.Response`, None (204), or a model or dataclass that becomes JSON.
    A plain function runs in one of the bounded threads, with ``async def`` in the event loop.

    Attributes:
        path: such as ``/v1/leads/{lead}:take``.
        scope: what a key must open; None lets everybody in.
        or_scope: another scope that opens it as well.
        status: of the answer, where the handler returns no response of its own.
        takes: media types of a body of ``bytes``.
        gives: media type of what a handler's own response holds.
        errors: statuses of the problems that the handler raises itself, and when.
        most: bytes of the body.
        charged: whether it counts towards the limit of its key.
        before: runs in the event loop before anything of the body is read, and may raise.
    """

    method: str
    path: str
    handler: Callable[..., Any]
    scope: Scope | None
    audience: Audience = Audience.PROGRAMS
    status: int = 200
    takes: tuple[str, ...] = ("application/json",)
    gives: str = "application/json"
    errors: Mapping[int, str] = field(default_factory=dict)
    most: int = BODY_MOST
    charged: bool = True
    or_scope: Scope | None = None
    before: Callable[[Any], Awaitable[None]] | None = None

    def opens_to(self, who: Principal) -> bool:
        """Whether somebody may ask this, of an endpoint with a scope."""
        return any(who.may(one) for one in (self.scope, self.or_scope) if one is not None)

    @cached_property
    def hints(self) -> dict[str, Any]:
        """The types of the handler's parameters, and of ``return``."""
        return get_type_hints(self.handler, include_extras=True)

    @property
    def is_async(self) -> bool:
        """Whether the handler runs in the event loop."""
        return inspect.iscoroutinefunction(self.handler)

    @property
    def query(self) -> type[BaseModel] | None:
        """The model of the query."""
        return self.hints.get("query")

    @property
    def form(self) -> type[BaseModel] | None:
        """The model of the form."""
        return self.hints.get("form")

    @cached_property
    def body(self) -> TypeAdapter[Any] | None:
        """What parses the body; None where there is none, or the handler reads bytes."""
        wanted = self.hints.get("body")
        return None if wanted in (None, bytes) else TypeAdapter(wanted)

    @property
    def takes_bytes(self) -> bool:
        """Whether the handler gets the body as it came."""
        return self.hints.get("body") is bytes

    @cached_property
    def answer(self) -> TypeAdapter[Any] | None:
        """What writes the answer; None where the handler makes it, or there is none."""
        given = self.hints.get("return")
        if given in (None, type(None)) or (inspect.isclass(given) and issubclass(given, Response)):
            return None
        return TypeAdapter(given)

    @property
    def summary(self) -> str:
        """The first line of what the handler says of itself."""
        return (inspect.getdoc(self.handler) or "").partition("\n\n")[0].replace("\n", " ")


def page(
    method: str,
    path: str,
    handler: Callable[..., Any],
    scope: Scope | None,
    **more: Any,
) -> Endpoint:
    """Return an endpoint for people."""
    more = {"gives": "text/html", **more}
    return Endpoint(method, path, handler, scope, Audience.PEOPLE, **more)
