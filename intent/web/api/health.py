"""Says that the process answers."""

from __future__ import annotations

from starlette.responses import PlainTextResponse, Response

from intent.web.endpoint import Endpoint
from intent.web.visit import Visit


async def livez(_visit: Visit) -> Response:
    """Say that the process answers, whatever its database does."""
    return PlainTextResponse("alive\n")


ROUTES = (Endpoint("GET", "/livez", livez, None, gives="text/plain", charged=False),)
