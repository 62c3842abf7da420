"""Answers that say what went wrong (RFC 9457), and the one translation of the product's errors to
statuses; none holds a text of a person or a stack.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from intent.model.errors import (
    Busy,
    IntentError,
    Later,
    LeadConflict,
    Malformed,
    OperatorError,
    ShardAway,
    StartAgain,
    UnknownLead,
    WrongUse,
)

MEDIA_TYPE = "application/problem+json"

RETRY_SECONDS = 5
"""How long to wait before the same request is worth another try, where nobody knows better."""

_MOST_ERRORS = 20
"""Mistakes of one request that are told."""


class Problem(Exception):
    """Ends a request with an answer that says why.

    Attributes:
        status: the status of HTTP.
        detail: one sentence for whoever sent the request; it quotes nothing that people wrote.
        headers: headers of the answer, such as Retry-After.
        more: further members of the answer.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.more = status, detail, more
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["retry-after"] = str(max(1, math.ceil(retry_after)))

    @property
    def title(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase


def as_problem(error: Exception) -> Problem | None:
    """Return what an error means for whoever asked; None for a defect, of which nothing is told."""
    match error:
        case Problem():
            return error
        case HTTPException():
            return Problem(error.status_code, _SAID[error.status_code], headers=error.headers)
        case UnknownLead() | StartAgain() | LeadConflict():
            return _of_lead(error)
        case WrongUse() | Malformed():
            return Problem(422, str(error))
        case TimeoutError():
            return Problem(503, "this took too long; try again", retry_after=RETRY_SECONDS)
        case Busy():
            return Problem(429, f"{error}; come again later", retry_after=error.wait)
        case ShardAway():
            return Problem(503, str(error), retry_after=RETRY_SECONDS)
        case Later():
            wait = getattr(error, "wait", None) or RETRY_SECONDS
            return Problem(503, "the database or a server is away; try again", retry_after=wait)
        case OperatorError() | IntentError():
            detail = "the service needs its operator; the log says what to mend"
            return Problem(503, detail, retry_after=60)
        case _:
            return None


def _of_lead(error: UnknownLead | StartAgain | LeadConflict) -> Problem:
    if isinstance(error, LeadConflict):
        acted_at = None if error.acted_at is None else error.acted_at.isoformat()
        return Problem(
            409,
            str(error),
            state=error.state,
            version=error.version,
            acted_by=error.acted_by,
            acted_at=acted_at,
        )
    return Problem(404 if isinstance(error, UnknownLead) else 410, str(error))


DEFECT = Problem(500, "this is a defect of the service; its log knows more under this request's id")

_SAID = {
    404: "there is nothing at this path",
    405: "this path does not answer to this method",
}


def invalid(error: ValidationError, where: str) -> Problem:
    """Return what is wrong with a request, without what was sent.

    Args:
        where: the part of the request, such as ``query``.
    """
    found = error.errors(include_url=False, include_context=False, include_input=False)
    errors = [
        {"where": ".".join([where, *map(str, one["loc"])]), "reason": one["msg"]}
        for one in found[:_MOST_ERRORS]
    ]
    return Problem(422, f"{len(found):,} values of the request are wrong", errors=errors)


def problem_response(problem: Problem, request_id: str) -> Response:
    """Return the answer as JSON."""
    members = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "request_id": request_id,
        **problem.more,
    }
    content = json.dumps(members, ensure_ascii=False)
    return Response(content, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def wants_page(accept: Sequence[str]) -> bool:
    """Whether a browser shows the answer to a person."""
    return any("text/html" in one for one in accept)
