"""Gives programs the inbox of leads: they list, follow, download and handle them."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from intent.bootstrap.application import Application
from intent.bootstrap.inbox_shards import inbox_over, walk_over
from intent.model.lead import Handling, LeadAction, read_lead_id
from intent.model.principal import Scope
from intent.model.spreadsheet import defused
from intent.operations.lead_handling import HandledLead
from intent.operations.lead_inbox import look_at_lead
from intent.store.contact_accesses import Through
from intent.store.followed_leads import InboxNews
from intent.store.lead_shelf import ShelfCounts, ShelfFilter, ShelvedLead
from intent.web.api.lead_contacts import ShownContact, contacts_of
from intent.web.endpoint import Endpoint
from intent.web.lead_stream import event, lead_stream
from intent.web.problem import Problem
from intent.web.visit import Visit

CURSOR_MOST = 5_000
"""Characters of a cursor: some 50 for each shard."""

COLUMNS = (
    "platform",
    "message_id",
    "room_id",
    "user_id",
    "event_timestamp",
    "labels",
    "lead_probability",
    "state",
    "taken_by",
    "text",
)


class LeadsAsked(BaseModel):
    """Which leads are asked for; empty is everything."""

    room: str = Field("", max_length=200)
    intent: str = Field("", max_length=100)
    state: str = Field("", pattern="^(unanswered|open|taken|done|not_a_lead)?$")
    q: str = Field("", max_length=200)
    hot: bool = False
    since: AwareDatetime | None = None
    minimum: float = Field(0.0, ge=0.0, le=1.0)

    @property
    def asked(self) -> ShelfFilter:
        """The same for who reads the inbox."""
        since = None if self.since is None else self.since.astimezone(UTC)
        words = self.q.strip()
        return ShelfFilter(self.room, self.intent, self.state, words, self.hot, since, self.minimum)


class LeadsQuery(LeadsAsked):
    """The same, and which part of the list; with contact details, if the key opens them."""

    cursor: str = Field("", max_length=1000)
    limit: int = Field(50, ge=1, le=500)
    contacts: bool = False


class NewsQuery(LeadsAsked):
    """The same, and from where on they are followed."""

    after: str = Field("", max_length=CURSOR_MOST)


class ActionAsked(BaseModel):
    """What comes with an action.

    Attributes:
        action_id: the same one again changes nothing; made here where it is missing.
        expected: the version of the lead that was seen; another one is a conflict.
        note: needed for a note, possible with everything else.
        label: of not_a_lead, what it is instead.
    """

    model_config = ConfigDict(extra="forbid")

    action_id: str | None = Field(None, max_length=64)
    expected: int | None = Field(None, ge=0)
    note: str | None = None
    label: str | None = Field(None, max_length=100)


@dataclass(frozen=True, slots=True)
class ShownSlot:
    """A verbatim part of the text."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class ShownLead:
    """A lead as programs see it.

    Attributes:
        id: its place in addresses.
        attention: 2 hot and unanswered, 1 unanswered, 0 answered or in somebody's hands.
        answered_by: ``reply`` or ``on_air``; empty while nobody answered.
        version: to be named as ``expected`` by who acts.
        has_contacts: the text has placeholders for contact details.
        contacts: these details, where they were asked for; null where they were not.
    """

    id: str
    platform: str
    message_id: str
    room_id: str
    user_id: str
    event_timestamp: datetime
    labels: tuple[str, ...]
    lead_probability: float
    hot: bool
    attention: int
    answered_by: str | None
    state: str
    taken_by: str | None
    version: int
    text: str
    item: str | None
    lang: str | None
    reply_to_text: str | None
    decided_by: str
    slots: tuple[ShownSlot, ...]
    has_contacts: bool
    contacts: tuple[ShownContact, ...] | None = None


@dataclass(frozen=True, slots=True)
class LeadList:
    """A part of the list.

    Attributes:
        cursor: gives the next part; empty at the end.
        changes: from here on what changes is told by ``/v1/leads/stream?after=…``.
        away: numbers of shards that are away, whose leads are left out.
    """

    leads: tuple[ShownLead, ...]
    cursor: str
    changes: str
    away: tuple[int, ...] = ()


def list_leads(visit: Visit, query: LeadsQuery) -> LeadList:
    """List leads: hot and unanswered ones first, the newest first within each. With ``contacts``
    each has its contact details, and each look is written down.
    """
    view = inbox_over(visit.service.shards, query.asked, behind=query.cursor, limit=query.limit)
    details = contacts_of(visit, view.leads, Through.API) if query.contacts else {}
    shown = (replace(_shown(one), contacts=details.get(one.id)) for one in view.leads)
    return LeadList(tuple(shown), view.older, view.cursor, view.counts.away)


def read_lead(visit: Visit, lead: str) -> ShownLead:
    """Read one lead by its id."""
    found = visit.service.shards.find(lambda app: look_at_lead(app.database, lead))
    if found is None:
        raise Problem(404, "there is no such lead; it may have been erased or taken back")
    return _shown(found)


async def follow_leads(visit: Visit, query: NewsQuery) -> Response:
    """Follow what changes, as server-sent events; Last-Event-ID goes on where it was cut off.

    Events are ``lead`` (a lead as it stands now), ``gone`` (an id that is none of those asked for
    any more), ``reload`` (list anew: something was erased, or the cursor leads nowhere) and
    ``cursor``, which ends each part and alone has an id.
    """
    return lead_stream(visit, query.asked, query.after, _told)


def export_leads(visit: Visit, query: LeadsAsked) -> Response:
    """Download leads as CSV; no cell begins like a formula."""
    headers = {"content-disposition": 'attachment; filename="leads.csv"'}
    lines = _csv_lines(walk_over(visit.service.shards, query.asked))
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


def _acting(action: LeadAction) -> Endpoint:
    def act(visit: Visit, lead: str, body: ActionAsked) -> HandledLead:
        platform, message_id = read_lead_id(lead)
        request = Handling(
            platform,
            message_id,
            action,
            action_id=body.action_id or uuid.uuid4().hex,
            acted_by=visit.asks.name,
            note=body.note,
            expected=body.expected,
            label=body.label,
        )
        return visit.service.handle(request)

    act.__doc__, act.__name__ = _SAYS[action], f"{action.value}_lead"
    errors = {404: "there is no such lead", 409: "somebody was first; it says who and when"}
    path = f"/v1/leads/{{lead}}:{action.value}"
    return Endpoint("POST", path, act, Scope.LEADS, errors=errors)


_SAYS = {
    LeadAction.TAKE: "Take a lead in hand; of two who do so at once, one is told who was first.",
    LeadAction.DONE: "Say that a lead is done.",
    LeadAction.RELEASE: "Give a lead back; of one that was said to be none, it is a lead again.",
    LeadAction.NOT_A_LEAD: "Say that it is no lead: a person's decision, above the model's.",
    LeadAction.ON_AIR: "Say that the host answered it aloud.",
    LeadAction.NOTE: "Write something down beside a lead.",
}


def _shown(lead: ShelvedLead) -> ShownLead:
    values = asdict(lead)
    values["slots"] = tuple(ShownSlot(one.kind, one.text) for one in lead.slots)
    return ShownLead(id=lead.id, **values)


def _told(_app: Application, news: InboxNews, counts: ShelfCounts) -> list[str]:
    told = [event("gone", json.dumps({"id": one})) for one in news.gone]
    for lead in news.leads:
        values = {**asdict(_shown(lead)), "event_timestamp": lead.event_timestamp.isoformat()}
        told.append(event("lead", json.dumps(values)))
    if news.erased:
        told.append(event("reload", ""))
    waiting = {name: getattr(counts, name) for name in ("waiting", "hot", "more", "away")}
    return [*told, event("cursor", json.dumps(waiting), news.cursor)]


def _csv_lines(leads: Iterator[ShelvedLead]) -> Iterator[str]:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for lead in leads:
        values = asdict(lead)
        values["event_timestamp"] = lead.event_timestamp.isoformat()
        values["labels"] = " ".join(lead.labels)
        writer.writerow([_cell(values[name]) for name in COLUMNS])
        yield written.getvalue()
        written.seek(0)
        written.truncate()
    yield written.getvalue()


def _cell(value: object) -> str:
    return "" if value is None else defused(str(value).replace("\x00", ""))


ROUTES = (
    Endpoint(
        "GET",
        "/v1/leads",
        list_leads,
        Scope.LEADS,
        errors={403: "contact details are asked for without the scope contacts"},
    ),
    Endpoint("GET", "/v1/leads/stream", follow_leads, Scope.LEADS, gives="text/event-stream"),
    Endpoint("GET", "/v1/leads/export", export_leads, Scope.LEADS, gives="text/csv"),
    Endpoint(
        "GET", "/v1/leads/{lead}", read_lead, Scope.LEADS, errors={404: "there is no such lead"}
    ),
    *(_acting(action) for action in LeadAction),
)
