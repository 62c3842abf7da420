"""The operator's page: how the service is doing, and what a person does about it."""

from __future__ import annotations

import time
from threading import Event
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from intent.bootstrap.asking import build_lane
from intent.model.errors import OperatorError, WrongUse
from intent.model.principal import Scope
from intent.operations import dead_letters, hooks
from intent.operations.dead_letters import Chosen, find_dead_letters
from intent.operations.lane import pause_lane, read_lane, resume_lane
from intent.operations.sources import read_gaps, read_sources
from intent.operations.status import StatusPolicy, read_status
from intent.web.audit_run import AuditRun
from intent.web.endpoint import page
from intent.web.visit import Visit

LETTERS = 20
"""Dead letters that are shown at once, the oldest first."""

LONGEST_PAYLOAD = 1_000
"""Characters of a dead letter that are shown."""

ALL_SECONDS = 15.0
"""How long one press works on all letters; what is left by then is left for the next."""

DID = {
    "replay": "{} messages wait in the inbox again",
    "drop": "{} dead letters dropped",
    "push": "{} deliveries are on their way again",
}
"""What is said of what was just done."""

Number = Annotated[int, Field(ge=1, le=2**63 - 1)]


class OperatorQuery(BaseModel):
    """Which dead letters are shown, and what was just done."""

    reason: str = Field("", max_length=500)
    did: str = Field("", pattern="^(replay|drop|push)?$")
    count: int = Field(0, ge=0, le=10**12)


class LettersForm(BaseModel):
    """What is to be done with dead letters: those of these numbers, or all whose reason holds a
    text.
    """

    action: Literal["replay", "drop", "replay_all", "drop_all"]
    number: list[Number] = Field([], max_length=LETTERS)
    reason: str = Field("", max_length=500)


class LaneForm(BaseModel):
    """Whether questions are asked."""

    action: Literal["pause", "resume"]


class HookForm(BaseModel):
    """What is to be done with a receiver of leads."""

    action: Literal["pause", "resume", "replay"]
    name: str = Field(max_length=hooks.LONGEST_NAME)


class Until(Event):
    """Is set once the process leaves, or so many seconds are over."""

    def __init__(self, stop: Event, seconds: float) -> None:
        super().__init__()
        self._stop, self._end = stop, time.monotonic() + seconds

    def is_set(self) -> bool:
        """Whether to stop."""
        return self._stop.is_set() or time.monotonic() > self._end


def operate(visit: Visit, query: OperatorQuery) -> Response:
    """Show sources and their gaps, queues, money, dead letters, webhooks and the last audit."""
    said = DID[query.did].format(f"{query.count:,}") if query.did else ""
    return _operator_page(visit, reason=query.reason, said=said)


def handle_letters(visit: Visit, form: LettersForm) -> Response:
    """Put dead letters into the inbox again, or forget them for good."""
    action, of_all = form.action.removesuffix("_all"), form.action.endswith("_all")
    try:
        if not of_all and not form.number:
            raise WrongUse("choose dead letters first")
        numbers = () if of_all else tuple(form.number)
        chosen = Chosen(numbers, (form.reason or None) if of_all else None, of_all)
        does = dead_letters.replay if action == "replay" else dead_letters.drop
        count = does(visit.app.database, chosen, stop=Until(visit.service.stop, ALL_SECONDS))
    except (OperatorError, WrongUse) as error:
        return _operator_page(visit, 409, reason=form.reason, wrong=str(error))
    return _back("letters", did=action, count=count, reason=form.reason)


def handle_lane(visit: Visit, form: LaneForm) -> Response:
    """Let no asker begin with another batch, or let them go on."""
    lane = build_lane(visit.app)
    if form.action == "pause":
        pause_lane(lane)
    else:
        resume_lane(lane)
    return _back("lane")


def handle_hook(visit: Visit, form: HookForm) -> Response:
    """Send a receiver nothing, or go on, or send again what was given up."""
    database = visit.app.database
    try:
        if form.action == "replay":
            count = hooks.replay_hook(database, form.name, dead=True)
            return _back("hooks", did="push", count=count)
        (hooks.pause_hook if form.action == "pause" else hooks.resume_hook)(database, form.name)
    except WrongUse as error:
        return _operator_page(visit, 409, wrong=str(error))
    return _back("hooks")


async def begin_audit(visit: Visit) -> Response:
    """Recount everything beside the requests, if nothing is being recounted already."""
    visit.service.shared(AuditRun).begin(visit.asks.name)
    return _back("audit")


def _operator_page(
    visit: Visit, status: int = 200, *, reason: str = "", said: str = "", wrong: str = ""
) -> Response:
    app = visit.app
    settings, database = app.settings, app.database
    budget = {"hour": settings.llm_budget_hour, "day": settings.llm_budget_day}
    letters = list(find_dead_letters(database, reason=reason or None, limit=LETTERS + 1))
    return visit.page(
        "operator.html",
        status,
        here="/operator",
        said=said,
        wrong=wrong,
        found=read_status(lambda: database, StatusPolicy(age=settings.healthy_age, **budget)),
        unready=visit.service.pages.ready(),
        sources=read_sources(database),
        gaps=read_gaps(database),
        lane=read_lane(database, build_lane(app), **budget),
        reason=reason,
        letters=[(one, _payload(one.payload)) for one in letters[:LETTERS]],
        more=len(letters) > LETTERS,
        hooks=hooks.hook_figures(database),
        audit=visit.service.shared(AuditRun),
    )


def _payload(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")[:LONGEST_PAYLOAD]


def _back(place: str, **query: Any) -> Response:
    given = urlencode({name: value for name, value in query.items() if value != ""})
    return RedirectResponse(f"/operator{'?' if given else ''}{given}#{place}", 303)


ROUTES = (
    page("GET", "/operator", operate, Scope.ADMIN),
    page("POST", "/operator/letters", handle_letters, Scope.ADMIN),
    page("POST", "/operator/lane", handle_lane, Scope.ADMIN),
    page("POST", "/operator/hooks", handle_hook, Scope.ADMIN),
    page("POST", "/operator/audit", begin_audit, Scope.ADMIN),
)
