"""Links that people make: they belong to every run."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, and_, select

from intent.model.errors import WrongUse
from intent.model.outcomes import ConversionLink, LinkMethod
from intent.outcomes.reading import read_conversion
from intent.store.identities import Identity
from intent.store.schema import messages

BY_HAND = "by_hand"
"""Name of the run of links that people make; every other run includes them."""


def link_by_hand(
    connection: Connection,
    conversion_id: str,
    identity: Identity,
    shards: Sequence[Connection] = (),
) -> ConversionLink:
    """Return the link that a person says; ``shards`` are where messages are, if they are elsewhere.

    Raises:
        WrongUse: there is no such conversion or message.
    """
    m = messages.c
    if read_conversion(connection, conversion_id) is None:
        raise WrongUse(f"there is no conversion {conversion_id!r}; see: intent conversions list")
    here = and_(m.platform == identity[0], m.message_id == identity[1])
    query = select(m.message_id).where(here)
    if all(one.execute(query).first() is None for one in shards or (connection,)):
        raise WrongUse(f"there is no message {identity[1]!r} of {identity[0]}")
    return ConversionLink(conversion_id, *identity, LinkMethod.BY_HAND, 1.0, 0, BY_HAND)
