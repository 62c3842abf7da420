"""Says that the process answers, whether it is ready, and how it does."""

from __future__ import annotations

from starlette.responses import Response

from intent.model.principal import Scope
from intent.web.endpoint import Endpoint
from intent.web.visit import Visit


async def livez(visit: Visit) -> Response:
    """Say that the process answers, whatever its database does."""
    return _told(visit)


def readyz(visit: Visit) -> Response:
    """Say whether the process can do its work now, and why not."""
    return _told(visit)


def metrics(visit: Visit) -> Response:
    """Return all metrics, as Prometheus reads them."""
    return _told(visit)


def _told(visit: Visit) -> Response:
    request = visit.request
    found = visit.service.pages.answer(request.url.path, request.headers.get("accept", ""))
    assert found is not None, "each of our paths has a page"
    status = 200 if found.ok else 503
    return Response(found.body, status, headers={"content-type": found.content_type})


ROUTES = (
    Endpoint("GET", "/livez", livez, None, gives="text/plain", charged=False),
    Endpoint("GET", "/readyz", readyz, None, errors={503: "not now, and why"}, charged=False),
    Endpoint("GET", "/metrics", metrics, Scope.READ, gives="text/plain", charged=False),
)
