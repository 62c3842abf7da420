"""The document of the API: for programs, and as a page that a person reads."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from intent.web.endpoint import Endpoint, page
from intent.web.visit import Visit


def openapi(visit: Visit) -> Response:
    """Return this document: all that programs may ask, as OpenAPI 3.1."""
    return JSONResponse(visit.service.document)


def show_api(visit: Visit) -> Response:
    """Show what programs may ask."""
    document: dict[str, Any] = visit.service.document
    operations = [
        (method.upper(), path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    return visit.page("api.html", operations=operations, schemas=document["components"]["schemas"])


ROUTES: tuple[Endpoint, ...] = (
    Endpoint("GET", "/openapi.json", openapi, None, charged=False),
    page("GET", "/api", show_api, None, charged=False),
)
