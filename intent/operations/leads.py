"""Who wants what: the current leads, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from intent.model.errors import WrongUse
from intent.model.taxonomy import Taxonomy
from intent.store.engine import Database
from intent.store.leads import Lead, read_leads


def find_leads(
    database: Database,
    taxonomy: Taxonomy,
    *,
    room: str | None = None,
    label: str | None = None,
    since: datetime | None = None,
    minimum: float = 0.0,
    limit: int | None = None,
) -> Iterator[Lead]:
    """Return current leads, newest first.

    Args:
        room: only this room_id.
        label: only leads that carry this intent.
        since: only messages said at or after this instant.
        minimum: smallest lead probability, 0 to 1.
        limit: at most so many.

    Raises:
        WrongUse: ``label`` is no lead intent.
    """
    if label is not None and label not in taxonomy.leads:
        known = ", ".join(name for name in taxonomy.names if name in taxonomy.leads)
        raise WrongUse(f"{label!r} is no lead intent; choose one of: {known}")
    return read_leads(database, room=room, label=label, since=since, minimum=minimum, limit=limit)
