"""Lets requests in: who asks, whether they may, and whether a browser was sent by another site."""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from starlette.requests import Request

from intent.model.principal import LOCAL, Principal
from intent.web.endpoint import Audience, Endpoint
from intent.web.problem import Problem
from intent.web.service import Service

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Admission:
    """Says who asks."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._token = secrets.token_urlsafe(32)

    async def admit(self, request: Request, endpoint: Endpoint) -> tuple[Principal | None, str]:
        """Return who asks, and the token that their forms carry.

        Raises:
            Problem: nobody showed a key (401), it does not open this (403), or another site sent
                the browser (403).
        """
        if request.method not in SAFE:
            refuse_other_sites(request)
        who = LOCAL if self._service.entrance.open_while_keyless else None
        if endpoint.scope is not None:
            if who is None:
                raise Problem(401, "this takes a key", headers={"www-authenticate": "Bearer"})
            if not who.may(endpoint.scope):
                raise Problem(403, f"this takes a key with the scope {endpoint.scope}")
        return who, self._token


def refuse_other_sites(request: Request) -> None:
    """Refuse what a page of another site makes a browser send; programs say no origin.

    Raises:
        Problem: another site sent it (403).
    """
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    strange = site is not None and site not in ("same-origin", "none")
    if origin is not None:
        # A proxy that ends TLS changes the scheme, but not the name.
        strange = strange or urlsplit(origin).netloc.lower() != request.headers["host"].lower()
    if strange:
        raise Problem(403, "a page of another site sent this")


def check_token(given: str, token: str, endpoint: Endpoint) -> None:
    """Refuse a form that does not come from a page of ours.

    Raises:
        Problem: its token is missing or another one (403).
    """
    fits = hmac.compare_digest(given.encode(), token.encode())
    if endpoint.audience is Audience.PEOPLE and not fits:
        raise Problem(403, "this form is not from a page of this session; load the page again")
