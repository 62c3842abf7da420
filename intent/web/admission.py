"""Lets requests in: who asks, whether they may, and whether a browser was sent by another site."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request

from intent.model.principal import LOCAL, Principal, Scope
from intent.operations.sessions import find_session
from intent.store.access_keys import AccessKey
from intent.web.allowance import TokenBuckets
from intent.web.cookies import SESSION, VISITOR, form_token, read_cookie
from intent.web.endpoint import Audience, Endpoint
from intent.web.problem import Problem, wants_page
from intent.web.service import Service

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
ASK_FOR_KEY = {"www-authenticate": "Bearer"}


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who was let in.

    Attributes:
        who: who asks; None where everybody is let in and nobody is known.
        token: what their forms carry.
        visitor: the value of a cookie that their browser gets now.
    """

    who: Principal | None
    token: str
    visitor: str | None = None


class Admission:
    """Says who asks."""

    def __init__(self, service: Service) -> None:
        per_minute = service.app.settings.serve_requests_per_minute
        self._service, self._keys = service, service.keys
        self._asked = TokenBuckets(per_minute, max(1, per_minute // 6))

    async def admit(self, request: Request, endpoint: Endpoint) -> Admitted:
        """Return who asks, and the token that their forms carry.

        Raises:
            Problem: another site sent the browser (403), nobody showed a key that is ours (401),
                it does not open this (403), or asked too much (429). Of people who have to sign in
                the browser is sent there (303).
            StoreUnavailable: the database is away.
        """
        if request.method not in SAFE:
            refuse_other_sites(request)
        if endpoint.audience is Audience.PROGRAMS:
            admitted = Admitted(await self._program(request, endpoint), "")
        else:
            admitted = await self._person(request, endpoint)
        if endpoint.scope is not None:
            self._require(admitted.who, request, endpoint)
        if endpoint.charged and admitted.who is not None:
            self._charge(admitted.who)
        return admitted

    async def _program(self, request: Request, endpoint: Endpoint) -> Principal | None:
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if endpoint.scope is None:
            return None
        if not scheme:
            return await self._whoever()
        found = None
        if scheme.lower() == "bearer":
            found = await self._keys.check(text.strip(), client_address(request))
        if found is None:
            raise Problem(401, "this key opens nothing here", headers=ASK_FOR_KEY)
        return found.principal

    async def _person(self, request: Request, endpoint: Endpoint) -> Admitted:
        who, cookie = None, read_cookie(request, SESSION)
        if endpoint.charged:
            if cookie is not None:
                key = await self._service.threads.run(self._session, cookie)
                if key is not None:
                    return Admitted(key.principal, form_token(cookie))
            who = await self._whoever()
        visitor = read_cookie(request, VISITOR)
        fresh = None if visitor else secrets.token_urlsafe(32)
        return Admitted(who, form_token(visitor or fresh or ""), fresh)

    async def _whoever(self) -> Principal | None:
        if not self._service.entrance.open_while_keyless:
            return None
        return LOCAL if await self._keys.is_keyless() else None

    def _session(self, cookie: str) -> AccessKey | None:
        return find_session(self._service.app.database, cookie)

    def _charge(self, who: Principal) -> None:
        name = who.key or who.name
        if wait := self._asked.wait(name):
            raise Problem(429, "this key asks too much; slow down", retry_after=wait)
        self._asked.take(name)

    def _require(self, who: Principal | None, request: Request, endpoint: Endpoint) -> None:
        shown = request.method in SAFE and wants_page(request.headers.getlist("accept"))
        if who is not None:
            if endpoint.opens_to(who):
                return
            if shown and endpoint.path == "/":
                raise Problem(303, "this is elsewhere", headers={"location": first_page(who)})
            raise Problem(403, f"this takes a key with the scope {endpoint.scope}")
        if endpoint.audience is Audience.PEOPLE and shown:
            place = f"/sign-in?{urlencode({'to': here(request)})}"
            raise Problem(303, "sign in first", headers={"location": place})
        programs = endpoint.audience is Audience.PROGRAMS
        said = "this takes a key" if programs else "you are signed out; sign in, and do it again"
        raise Problem(401, said, headers=ASK_FOR_KEY)


def first_page(who: Principal) -> str:
    """Return where somebody begins: at the first page that their key opens."""
    if who.may(Scope.LEADS):
        return "/"
    return "/rooms" if who.may(Scope.READ) else "/api"


def client_address(request: Request) -> str:
    """Return where a request comes from."""
    return request.client.host if request.client else ""


def here(request: Request) -> str:
    """Return the path and query that were asked for."""
    query = request.scope["query_string"].decode("latin-1")
    return f"{request.scope['path']}?{query}" if query else str(request.scope["path"])


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
