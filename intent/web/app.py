"""Builds the application of the server from the one table of its endpoints."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.routing import Route, Router
from starlette.types import ASGIApp

from intent.web.admission import Admission
from intent.web.answering import Answering
from intent.web.api.features import ROUTES as FEATURES
from intent.web.api.health import ROUTES as HEALTH
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
    return Frame(Router(routes, redirect_slashes=False), service)
