"""Turns a lead into what its card shows: plain words, short texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from intent.model.taxonomy import Taxonomy
from intent.store.lead_shelf import ShelvedLead
from intent.web.figures_shown import age

LONGEST_TEXT = 500
"""Characters of a message on its card; the lead's own page has all of it."""

LONGEST_SLOT = 120
MOST_SLOTS = 12

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_SURE = ((0.95, "almost certain"), (0.8, "very likely"), (0.6, "likely"), (0.0, "maybe"))
_STANDING = {
    "open": "waiting",
    "taken": "taken by",
    "done": "done by",
    "not_a_lead": "no lead, says",
}
DID = {
    "take": "took it",
    "done": "finished it",
    "release": "gave it back",
    "not_a_lead": "said that it is no lead",
    "on_air": "said that the host answered it aloud",
    "note": "wrote down",
}
"""What somebody did with a lead, in words behind their name."""

_ANSWERED = {"reply": "answered by the host", "on_air": "said on air"}


@dataclass(frozen=True, slots=True)
class Want:
    """An intent in plain words, and whether it is next to a purchase."""

    title: str
    hot: bool


@dataclass(frozen=True, slots=True)
class CardAct:
    """A button: what it does, its words, and the key that presses it."""

    action: str
    title: str
    key: str


_TAKE, _DONE = CardAct("take", "Take", "t"), CardAct("done", "Done", "d")
_ON_AIR, _RELEASE = CardAct("on_air", "Said on air", "a"), CardAct("release", "Give back", "")
_NO_LEAD = CardAct("not_a_lead", "Not a lead", "n")
_ACTS = {
    "open": (_TAKE, _DONE, _ON_AIR, _NO_LEAD),
    "taken": (_DONE, _ON_AIR, _RELEASE, _NO_LEAD),
    "done": (_RELEASE,),
    "not_a_lead": (CardAct("release", "It is a lead", ""),),
}


@dataclass(frozen=True, slots=True)
class LeadCard:
    """What a card shows.

    Attributes:
        anchor: its id in the page.
        waits: nobody answered it.
        standing: its state in words; ``owner`` follows where there is one.
        age: how long ago it was said.
        sure: per cent.
    """

    anchor: str
    path: str
    who: str
    wants: tuple[Want, ...]
    hot: bool
    attention: int
    waits: bool
    state: str
    standing: str
    owner: str
    said_at: str
    said_clock: str
    age: str
    text: str
    clipped: bool
    lang: str
    reply_to: str
    slots: tuple[tuple[str, str], ...]
    has_contacts: bool
    room: str
    item: str
    sure: int
    sure_words: str
    version: int
    acts: tuple[CardAct, ...]


def card_of(
    lead: ShelvedLead, taxonomy: Taxonomy, now: datetime, *, whole: bool = False
) -> LeadCard:
    """Return the card of a lead; ``whole`` shows all of its text."""
    said, probability = lead.event_timestamp, lead.lead_probability
    most = len(lead.text) if whole else LONGEST_TEXT
    answered = lead.state == "open" and lead.answered_by is not None
    hot = taxonomy.members.get("hot", frozenset())
    return LeadCard(
        anchor=anchor_of(lead.id),
        path=f"/leads/{lead.id}",
        who=_short(lead.user_id, 80),
        wants=tuple(Want(taxonomy.titles.get(one, one), one in hot) for one in lead.labels),
        hot=lead.hot,
        attention=lead.attention,
        waits=lead.attention > 0,
        state=lead.state,
        standing=_ANSWERED[lead.answered_by or ""] if answered else _STANDING[lead.state],
        owner="" if lead.state == "open" else (lead.taken_by or "somebody"),
        said_at=f"{said:%Y-%m-%dT%H:%M:%SZ}",
        said_clock=f"{said:%m-%d %H:%M} UTC",
        age=age((now - said).total_seconds()),
        text=lead.text[:most],
        clipped=len(lead.text) > most,
        lang=lead.lang if lead.lang and _LANGUAGE.fullmatch(lead.lang) else "",
        reply_to=_short(lead.reply_to_text or "", 200),
        slots=tuple((one.kind, _short(one.text, LONGEST_SLOT)) for one in lead.slots[:MOST_SLOTS]),
        has_contacts=lead.has_contacts,
        room=lead.room_id,
        item=_short(lead.item or "", 80),
        sure=round(100 * probability),
        sure_words=next(words for least, words in _SURE if probability >= least),
        version=lead.version,
        acts=_ACTS[lead.state],
    )


def anchor_of(lead: str) -> str:
    """Return the id in a page of the card of the lead with this id."""
    return f"lead-{sha256(lead.encode()).hexdigest()[:20]}"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + "…"
