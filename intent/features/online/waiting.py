"""Which entities have accepted messages that wait for their first decision."""

from __future__ import annotations

from sqlalchemy import Connection, and_, select

from intent.features.definitions.events import ENTITIES, entity_key
from intent.features.online.rows import PARTS
from intent.store.schema import inbox, messages

MANY_WAIT = 2000
"""Beyond so many waiting messages a read does not look which entities they belong to: every entity
without a value is then pending.
"""


def waiting_keys(connection: Connection) -> set[str] | None:
    """Return the keys of entities with waiting messages, or None when more than :data:`MANY_WAIT`
    messages wait.
    """
    first = select(inbox.c.platform, inbox.c.message_id).limit(MANY_WAIT + 1).subquery()
    same = and_(
        messages.c.platform == first.c.platform, messages.c.message_id == first.c.message_id
    )
    rows = connection.execute(
        select(*(messages.c[name] for name in PARTS)).join_from(first, messages, same)
    ).all()
    if len(rows) > MANY_WAIT:
        return None
    found = set()
    for row in rows:
        parts = dict(zip(PARTS, row, strict=True))
        for entity, names in ENTITIES.items():
            if all(parts[name] is not None for name in names):
                found.add(entity_key(entity, [parts[name] for name in names]))
    return found
