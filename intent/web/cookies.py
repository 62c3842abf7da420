"""The two cookies of a browser: one of its session, and one from which forms before it get their
token.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from starlette.requests import Request
from starlette.responses import Response

SESSION, VISITOR = "intent_session", "intent_visitor"

VISITOR_SECONDS = 86_400

_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")


def read_cookie(request: Request, name: str) -> str | None:
    """Return a cookie of ours; None if there is none, or it cannot be one of ours."""
    value = request.cookies.get(name, "")
    return value if _VALUE.fullmatch(value) else None


def set_cookie(response: Response, request: Request, name: str, value: str, seconds: int) -> None:
    """Give a browser a cookie that no script reads and no other site sends; 0 takes it back."""
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def form_token(cookie: str) -> str:
    """Return what the forms of whoever has this cookie carry: no other site can read or guess
    it.
    """
    return hmac.new(cookie.encode(), b"form", hashlib.sha256).hexdigest()
