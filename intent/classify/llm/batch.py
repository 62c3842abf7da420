"""Makes a request out of messages of one room: disguised, shuffled, under ids that nobody outside
can know.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from intent.classify.llm.reply import Asked
from intent.classify.llm.suspicion import stands_alone
from intent.classify.placeholders import disguise
from intent.model.completion import Completion
from intent.model.message import AuthorRole, Context, Kind, Message
from intent.model.question import Claim

BEFORE = 5
"""How many earlier messages of the room are sent along, at most."""

BEFORE_CHARACTERS = 200
"""How much of each of them is sent."""

SETTING_CHARACTERS = 500
"""How much of an offer or an item is sent."""

# No vowels, so that no word comes out; no letters and digits that look alike.
_LETTERS = "bcdfghjkmnpqrstvwxz"
_ID = (_LETTERS, _LETTERS + "23456789", _LETTERS + "23456789")
"""What each sign of an id may be; never a number, which a model might count or reorder."""

Setting = tuple[str | None, str | None]

Heard = Callable[["Batch", Completion], object]
"""Told how a request about a batch ended, also where its reply was kept from before."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A claim, ready to be sent.

    Attributes:
        shown: what the model sees of the message, its id and setting excepted.
        setting: offer and item.
        key: hash of all this and of who is asked: the same after a crash, and in any company.
        alone: it is asked about in a request of its own.
        alike: others that the model could not tell from it, and for which its answer stands.
    """

    claim: Claim
    asked: Asked
    shown: Mapping[str, str]
    setting: Setting
    key: str
    alone: bool
    alike: tuple[Entry, ...] = ()

    @property
    def everybody(self) -> tuple[Entry, ...]:
        """It, and those for which it stands."""
        return self, *self.alike


@dataclass(frozen=True, slots=True)
class Batch:
    """One request's worth: entries by id, and the variables of the prompt's user section."""

    entries: Mapping[str, Entry]
    room: Mapping[str, str]
    before: Sequence[Mapping[str, str]]
    messages: Sequence[Mapping[str, Any]]

    @property
    def asked(self) -> dict[str, Asked]:
        """What was asked, by id."""
        return {one: entry.asked for one, entry in self.entries.items()}


def prepare(claim: Claim, asker: str) -> Entry:
    """Make a claim ready; ``asker`` names prompt and model."""
    message = claim.message
    sent = disguise(message.text)
    shown = {"text": sent.text}
    if message.kind is not Kind.COMMENT:
        shown["kind"] = message.kind.value
    if message.author_role is not AuthorRole.VIEWER:
        shown["role"] = message.author_role.value
    if message.reply_to is not None and message.reply_to.text:
        shown["reply_to"] = disguise(message.reply_to.text, BEFORE_CHARACTERS).text
    setting = _setting(message.context)
    key = _digest(["message", asker, message.platform, message.message_id, shown, setting])
    # Not for what the offer or item says: it is the host's, and stands beside every message of the
    # room anyway.
    alone = stands_alone(message.text) or stands_alone(shown.get("reply_to", ""))
    return Entry(claim, Asked(message.text, sent), shown, setting, key, alone)


def lots(entries: Sequence[Entry], size: int) -> Iterator[list[Entry]]:
    """Yield entries of one room in lots of up to ``size``; what must be asked alone is a lot of its
    own, and of what the model could not tell apart one stands for all.
    """
    entries = _apart(entries)
    together = [entry for entry in entries if not entry.alone]
    for start in range(0, len(together), size):
        yield together[start : start + size]
    for entry in entries:
        if entry.alone:
            yield [entry]


def _apart(entries: Sequence[Entry]) -> list[Entry]:
    """Return entries of one room that the model can tell apart, each with those that it stands for:
    ids and order in a request are drawn by lot, so of what looks the same nothing else differs.
    """
    looks: dict[str, list[Entry]] = {}
    for entry in entries:
        looks.setdefault(_digest([entry.shown, entry.setting, entry.alone]), []).append(entry)
    return [replace(first, alike=tuple(others)) for first, *others in looks.values()]


def compose(lot: Sequence[Entry], before: Sequence[Message], secret: bytes) -> Batch:
    """Make a batch of a lot. Ids and order follow from the lot and a secret: after a crash the
    same, to authors unknown.

    Args:
        before: earlier messages of the room, oldest first; those that talk to a machine are left
            out, and all of them for a lot that does.
        secret: what authors do not know.
    """
    digest = _digest([entry.key for entry in lot])
    shuffled = sorted(lot, key=lambda entry: _keyed(secret, "order", digest, entry.key))
    room = Counter(entry.setting for entry in lot).most_common(1)[0][0]
    earlier = (
        []
        if lot[0].alone
        else [_earlier(message) for message in before if not stands_alone(message.text)][-BEFORE:]
    )
    texts = "\n".join(entry.asked.sent.text for entry in lot)
    entries: dict[str, Entry] = {}
    for entry in shuffled:
        entries[_id(_keyed(secret, "id", digest, entry.key), entries, texts)] = entry
    messages = [
        {"id": one, **entry.shown, **({} if entry.setting == room else _named(entry.setting))}
        for one, entry in entries.items()
    ]
    return Batch(
        entries,
        {name: value for name, value in _named(room).items() if value is not None},
        earlier,
        messages,
    )


def _id(seed: bytes, taken: Mapping[str, Entry], texts: str) -> str:
    while True:
        number = int.from_bytes(seed[:8], "big")
        found = ""
        for signs in _ID:
            number, place = divmod(number, len(signs))
            found += signs[place]
        if found not in taken and found not in texts:
            return found
        seed = hashlib.sha256(seed).digest()


def _earlier(message: Message) -> dict[str, str]:
    shown = {"text": disguise(message.text, BEFORE_CHARACTERS).text}
    return (
        shown
        if message.author_role is AuthorRole.VIEWER
        else {**shown, "role": message.author_role.value}
    )


@lru_cache(maxsize=256)  # a room's messages come with the same one
def _setting(context: Context | None) -> Setting:
    if context is None:
        return None, None
    offer, item = (
        disguise(text, SETTING_CHARACTERS).text if text else None
        for text in (context.offer, context.item)
    )
    return offer, item


def _named(setting: Setting) -> dict[str, str | None]:
    return {"offer": setting[0], "item": setting[1]}


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode("ascii")).hexdigest()


def _keyed(secret: bytes, *parts: str) -> bytes:
    return hmac.new(secret, "\n".join(parts).encode("ascii"), hashlib.sha256).digest()


def shown_in(batch: Batch, before: Sequence[Message]) -> set[tuple[str, str]]:
    """Return the identities of all messages that a request shows, or words of which it shows."""
    entries = [one for entry in batch.entries.values() for one in entry.everybody]
    asked = {entry.claim.message.identity for entry in entries}
    return asked | {message.identity for message in before}
