"""The page that a browser shows first."""

from __future__ import annotations

from starlette.responses import Response

from intent.web.endpoint import page
from intent.web.visit import Visit


def home(visit: Visit) -> Response:
    """Show what there is."""
    return visit.page("home.html")


ROUTES = (page("GET", "/", home, None),)
