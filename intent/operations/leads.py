"""Who wants what: the leads of the inbox, for programs and the command line."""

from __future__ import annotations

from collections.abc import Iterator

from intent.model.errors import WrongUse
from intent.model.taxonomy import Taxonomy
from intent.operations.lead_inbox import walk_inbox
from intent.store.engine import Database
from intent.store.lead_shelf import ShelfFilter, ShelvedLead


def find_leads(
    database: Database,
    taxonomy: Taxonomy,
    asked: ShelfFilter | None = None,
    *,
    behind: str = "",
    limit: int | None = None,
) -> Iterator[ShelvedLead]:
    """Return leads in the order of the inbox: hot and unanswered ones first, the newest first
    within each.

    Args:
        asked: which; None for all.
        behind: the :attr:`~intent.store.lead_shelf.ShelvedLead.place` of the last one that was
            seen.
        limit: at most so many.

    Raises:
        WrongUse: the label is no lead intent, or ``behind`` is no place in the inbox.
    """
    asked = asked or ShelfFilter()
    if asked.label and asked.label not in taxonomy.leads:
        known = ", ".join(name for name in taxonomy.names if name in taxonomy.leads)
        raise WrongUse(f"{asked.label!r} is no lead intent; choose one of: {known}")
    return walk_inbox(database, asked, behind=behind, limit=limit)
