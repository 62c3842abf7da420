"""Signs people in with a key, and out again."""

from __future__ import annotations

import re
from datetime import timedelta

from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from intent.operations.sessions import close_session, open_session
from intent.web.admission import client_address
from intent.web.cookies import SESSION, read_cookie, set_cookie
from intent.web.endpoint import page
from intent.web.visit import Visit

_OURS = re.compile(r"/(?![/\\])[^\\\x00-\x20]*")


class Destination(BaseModel):
    """Where to go after signing in."""

    to: str = "/"


class SignIn(Destination):
    """What the page asks for."""

    key: str = ""


async def show_sign_in(visit: Visit, query: Destination) -> Response:
    """Ask for a key."""
    return visit.page("sign_in.html", to=_place(query.to), wrong=False)


async def sign_in(visit: Visit, form: SignIn) -> Response:
    """Open a session, and go on to where somebody came from."""
    service, place = visit.service, _place(form.to)
    key = await service.keys.check(form.key.strip(), client_address(visit.request))
    if key is None:
        return visit.page("sign_in.html", 401, to=place, wrong=True)
    seconds = visit.app.settings.serve_session
    cookie = await service.threads.run(
        lambda: open_session(visit.app.database, key, timedelta(seconds=seconds))
    )
    answer = RedirectResponse(place, 303)
    set_cookie(answer, visit.request, SESSION, cookie, int(seconds))
    return answer


def sign_out(visit: Visit) -> Response:
    """Close the session."""
    cookie = read_cookie(visit.request, SESSION)
    if cookie is not None:
        close_session(visit.app.database, cookie)
    answer = RedirectResponse("/sign-in", 303)
    set_cookie(answer, visit.request, SESSION, "", 0)
    return answer


def _place(given: str) -> str:
    """Return where to go: a path of ours, for a link must not lead elsewhere through us."""
    return given if _OURS.fullmatch(given) else "/"


ROUTES = (
    page("GET", "/sign-in", show_sign_in, None, charged=False),
    page("POST", "/sign-in", sign_in, None, charged=False),
    page("POST", "/sign-out", sign_out, None),
)
