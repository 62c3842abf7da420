"""The keys by which conversions and messages are found to be the same person's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from intent.model.errors import WrongUse
from intent.model.lead import read_lead_id
from intent.model.outcomes import Conversion
from intent.store.identities import Identity


@dataclass(frozen=True, slots=True)
class SaidBefore:
    """A message of a viewer."""

    platform: str
    message_id: str
    user_id: str
    said_at: datetime

    @property
    def person(self) -> tuple[str, str]:
        """Who said it."""
        return self.platform, self.user_id


def by_key(conversions: Sequence[Conversion], name: str) -> dict[str, list[Conversion]]:
    """Return conversions by their key of a name, large or small."""
    found: dict[str, list[Conversion]] = defaultdict(list)
    for one in conversions:
        if name in one.keys:
            found[one.keys[name].casefold()].append(one)
    return found


def lead_of(conversion: Conversion) -> Identity | None:
    """Return the message that a conversion names outright, if it does."""
    keys = conversion.keys
    if "lead_id" in keys:
        try:
            return read_lead_id(keys["lead_id"])
        except WrongUse:
            # A lead_id of an ad platform, which names no message.
            pass
    if "message_id" in keys and conversion.platform is not None:
        return conversion.platform, keys["message_id"]
    return None


def said_of(row: Row[Any]) -> SaidBefore:
    """Read one from its row."""
    return SaidBefore(row.platform, row.message_id, row.user_id, row.sent_at)
