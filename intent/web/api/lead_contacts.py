"""Gives programs contact details of leads, if their key opens them; each look is written down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from intent.bootstrap.application import Application
from intent.model.lead import read_lead_id
from intent.model.principal import Scope
from intent.operations.contact_book import show_contacts, show_contacts_of
from intent.store.contact_accesses import Through
from intent.store.contact_shelf import ContactFilter
from intent.store.identities import Identity
from intent.store.lead_shelf import ShelvedLead
from intent.store.vault import Kept
from intent.web.endpoint import Endpoint
from intent.web.problem import Problem
from intent.web.visit import Visit


@dataclass(frozen=True, slots=True)
class ShownContact:
    """A contact detail, and what stands for it in the text."""

    placeholder: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class LeadContacts:
    """Contact details of a lead."""

    contacts: tuple[ShownContact, ...]


def read_contacts(visit: Visit, lead: str) -> LeadContacts:
    """Read the contact details of a lead; the look is written down under the name of the key."""
    platform, message_id = read_lead_id(lead)
    app = visit.service.shards.home(platform, message_id)
    asked = ContactFilter(lead=(platform, message_id), limit=1)
    found = show_contacts(
        app.database, app.vault, asked, seen_by=visit.asks.name, through=Through.API
    )
    if not found:
        raise Problem(404, "there is no such lead, or it has no contact details")
    return LeadContacts(shown_contacts(found[0].contacts))


def contacts_of(
    visit: Visit, leads: Sequence[ShelvedLead], through: Through
) -> dict[str, tuple[ShownContact, ...]]:
    """Return the contact details of leads by their ids, for who may see them; each look is written
    down.

    Raises:
        Problem: the key does not open contact details.
    """
    if not visit.sees_contacts:
        raise Problem(403, "this key does not open contact details; it needs the scope contacts")
    of = [(one.platform, one.user_id, one.message_id) for one in leads if one.has_contacts]
    who = visit.asks.name

    def look(app: Application) -> dict[Identity, list[Kept]]:
        return show_contacts_of(app.database, app.vault, of, seen_by=who, through=through)

    # Where none of them is, nothing is shown, and so nothing is written down.
    found = visit.service.shards.ask(look).found
    kept = {identity: details for part in found.values() for identity, details in part.items()}
    return {one.id: shown_contacts(kept.get((one.platform, one.message_id), ())) for one in leads}


def shown_contacts(kept: Iterable[Kept]) -> tuple[ShownContact, ...]:
    """Return contact details as they are shown."""
    return tuple(ShownContact(one.placeholder, one.kind, one.text) for one in kept)


ROUTES = (
    Endpoint(
        "GET",
        "/v1/leads/{lead}/contacts",
        read_contacts,
        Scope.CONTACTS,
        errors={404: "there is no such lead, or it has no contact details"},
    ),
)
