"""One request, with who sent it and what it may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from intent.bootstrap.application import Application
from intent.model.message import read_traceparent
from intent.model.principal import Principal, Scope
from intent.web.render import rendered
from intent.web.service import Service


@dataclass(frozen=True, slots=True)
class Visit:
    """What a handler is told first.

    Attributes:
        who: who asks; None where everybody is let in and nobody showed a key.
        token: what the forms of a page carry, in a field named ``csrf``.
    """

    request: Request
    service: Service
    who: Principal | None
    token: str

    @property
    def app(self) -> Application:
        """Settings, taxonomy, definitions and database."""
        return self.service.app

    @property
    def asks(self) -> Principal:
        """Who asks, of an endpoint with a scope."""
        assert self.who is not None, "an endpoint without a scope has no principal"
        return self.who

    @property
    def sees_contacts(self) -> bool:
        """Whether they may be shown contact details."""
        return self.who is not None and self.who.may(Scope.CONTACTS)

    @property
    def traceparent(self) -> str | None:
        """The W3C trace context that messages of this request belong to, if there is one."""
        given = read_traceparent(self.request.headers.get("traceparent"))
        return self.app.tracer.traceparent() or given

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """Return a page, from a file of ``templates/``; it knows ``visit`` beside the values."""
        return HTMLResponse(rendered(template, visit=self, **values), status)
