"""Builds the application of the server from the one table of its endpoints."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from intent.web.admission import Admission
from intent.web.answering import Answering
from intent.web.api.features import ROUTES as FEATURES
from intent.web.api.health import ROUTES as HEALTH
from intent.web.api.lead_contacts import ROUTES as LEAD_CONTACTS
from intent.web.api.leads import ROUTES as LEADS
from intent.web.api.messages import ROUTES as MESSAGES
from intent.web.endpoint import Endpoint
from intent.web.frame import Frame
from intent.web.pages.api_page import ROUTES as API_PAGE
from intent.web.pages.claims import ROUTES as CLAIMS
from intent.web.pages.lead_pages import ROUTES as LEAD_PAGES
from intent.web.pages.operator_page import ROUTES as OPERATOR_PAGE
from intent.web.pages.rooms import ROUTES as ROOMS
from intent.web.pages.sign_in import ROUTES as SIGN_IN
from intent.web.service import Service
from intent.web.static_files import ROUTES as STATIC

TABLE: tuple[Endpoint, ...] = (
    # One module a line, in the order of the alphabet; each exports what it answers as ROUTES.
    *FEATURES,
    *API_PAGE,
    *CLAIMS,
    *HEALTH,
    *LEAD_CONTACTS,
    *LEAD_PAGES,
    *LEADS,
    *MESSAGES,
    *OPERATOR_PAGE,
    *SIGN_IN,
    *ROOMS,
    *STATIC,
)


def build_web(service: Service, table: Iterable[Endpoint] = TABLE) -> ASGIApp:
    """Return the application that a server runs, or a test calls."""
    admission, service.table = Admission(service), tuple(table)
    paths: dict[str, dict[str, Endpoint]] = {}
    for one in service.table:
        paths.setdefault(one.path, {})[one.method] = one
    # A path without gaps goes before those that would take it for a value.
    routes = [
        Route(path, Answering(service, admission, paths[path]), methods=[*paths[path]])
        for path in sorted(paths, key=lambda path: path.count("{"))
    ]
    return Frame(_Paths(routes), service)


class _Paths(Router):
    """Finds the route of a path: one without gaps by its name, without a look at all others."""

    def __init__(self, routes: list[Route]) -> None:
        super().__init__(routes, redirect_slashes=False)
        self._whole = {route.path: route for route in routes if "{" not in route.path}

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._whole.get(scope["path"])
        if route is None:
            await super().app(scope, receive, send)
            return
        scope.update(route=route, endpoint=route.endpoint, path_params={})
        await route.handle(scope, receive, send)
