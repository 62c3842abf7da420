"""Tells what is new from what is repeated, edited, or in conflict with what is known.

Content is the text. Versions of one message are told apart by their time: one that is older than
what is known came late and changes nothing, a newer one with another text is an edit. At the same
instant the order of arrival decides, and a text that the message had before is a redelivery.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import Enum, auto

from intent.model.batch import Refused
from intent.model.message import Message, wire
from intent.store.identities import Identity
from intent.store.vault import text_digest

REMEDY = "where ids are unique in a room only, put the room before them"


class Became(Enum):
    """What became of one message that was put."""

    NEW = auto()
    REPEATED = auto()
    EDITED = auto()
    CONFLICTING = auto()


@dataclass(slots=True)
class Arrivals:
    """What became of messages whose ids are known.

    Attributes:
        became: of each message, in their order.
        edited: the newest version of each message that is decided again.
        replaced: the texts that they had, as (identity, digest).
        conflicting: as payloads that are kept, each with its reason.
    """

    became: list[Became] = field(default_factory=list)
    edited: dict[Identity, Message] = field(default_factory=dict)
    replaced: list[tuple[Identity, str]] = field(default_factory=list)
    conflicting: list[Refused] = field(default_factory=list)


def compared(
    came: Sequence[Message],
    known: Mapping[Identity, Message],
    earlier: Mapping[Identity, AbstractSet[str]],
    digest: Callable[[Message], str] = text_digest,
) -> Arrivals:
    """Compare messages, in the order in which they came, with what is known under their ids.

    Args:
        came: messages; each id of theirs is in ``known``.
        known: the version that stands.
        earlier: digests of the texts that messages had before.
        digest: makes them.
    """
    arrivals = Arrivals()
    standing = dict(known)
    digests = {identity: set(earlier.get(identity, ())) for identity in known}
    for message in came:
        identity = message.identity
        before = standing[identity]
        place = _foreign(message, before)
        if place:
            arrivals.conflicting.append(_conflict(message, place))
            arrivals.became.append(Became.CONFLICTING)
        elif _is_edit(message, before, digests[identity], digest):
            gone = digest(before)
            arrivals.replaced.append((identity, gone))
            digests[identity].add(gone)
            standing[identity] = arrivals.edited[identity] = message
            arrivals.became.append(Became.EDITED)
        else:
            arrivals.became.append(Became.REPEATED)
    return arrivals


def _foreign(message: Message, before: Message) -> str | None:
    if message.room_id != before.room_id:
        return "room"
    return "author" if message.user_id != before.user_id else None


def _is_edit(
    message: Message,
    before: Message,
    earlier: AbstractSet[str],
    digest: Callable[[Message], str],
) -> bool:
    if message.text == before.text or message.sent_at < before.sent_at:
        return False
    own = digest(message)
    if own == digest(before):
        return False
    # Digests of texts with contact details were plain ones, once.
    return message.sent_at > before.sent_at or earlier.isdisjoint((own, text_digest(message)))


def _conflict(message: Message, place: str) -> Refused:
    payload = wire(message)
    return Refused(
        f"message_id: is known from another {place}; {REMEDY}",
        payload,
        hashlib.sha256(payload).hexdigest(),
        f"{message.platform}:{message.message_id}",
    )
