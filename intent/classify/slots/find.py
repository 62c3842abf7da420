"""Finds slots: contact details by rules, everything else, and what the rules miss, by the tagger."""

from __future__ import annotations

import re
from collections.abc import Sequence

from intent.classify.contacts import Contact, ContactKind, find_contacts
from intent.classify.slots.tagger import SlotTagger
from intent.classify.slots.tokens import Span
from intent.model.decision import Slot
from intent.model.message import Message

CONTACT = "contact"

_REACHABLE = re.compile(
    r"\b(?:dm|pm|ig|insta|instagram|telegram|tele|line|li_ne|zalo|fb|facebook|wa|whatsapp|wechat|tiktok|e-?mail)\b|(?:ไลน์|ทัก|ร้าน|飞机|微信|加我)"
    r"|\b(?:book me|reach me|find me|contact|message|follow|add|to|at|my|i "
    r"am|i'm|soy|es|arroba|hubungi|nhắn)\W{0,3}$",
    re.IGNORECASE,
)
"""What stands before a handle by which its owner can be reached; any other one calls a friend into
the chat.
"""

_BEFORE_HANDLE = 40
"""How far back of a handle is looked, in characters."""


class SlotFinder:
    """Finds the slots of messages whose labels are chosen."""

    def __init__(self, tagger: SlotTagger | None, alone: frozenset[str]) -> None:
        """Use a tagger, if there is one.

        Args:
            alone: labels of messages on which nobody acts; in these only contact details are
                found.
        """
        self._tagger, self._alone = tagger, alone

    def find(
        self, messages: Sequence[Message], labels: Sequence[Sequence[str]]
    ) -> list[tuple[Slot, ...]]:
        """Return the slots of each message: verbatim substrings in order of position, none inside
        another.
        """
        details = [find_contacts(message.text) for message in messages]
        contacts = [
            _reaching(message.text, found) for message, found in zip(messages, details, strict=True)
        ]
        tagged: list[list[tuple[int, int, str]]] = [[] for _ in messages]
        if self._tagger is not None:
            read = self._tagger.reader.read
            rows = [row for row, one in enumerate(labels) if self._alone.isdisjoint(one)]
            cuts = [read(messages[row], labels[row], contacts[row]) for row in rows]
            for row, found in zip(rows, self._tagger.tag(cuts), strict=True):
                tagged[row] = found
        return [
            _slots(message.text, known, _apart(more, details[row]))
            for row, (message, known, more) in enumerate(
                zip(messages, contacts, tagged, strict=True)
            )
        ]


def find_contact_slots(text: str) -> tuple[Slot, ...]:
    """Return the contact details by which an author can be reached, in order of position."""
    return _slots(text, contact_spans(text), [])


def contact_spans(text: str) -> list[Span]:
    """Return where contact details stand that are given to be reached by."""
    return _reaching(text, find_contacts(text))


def _reaching(text: str, details: Sequence[Contact]) -> list[Span]:
    return [(one.start, one.end) for one in details if _reaches(text, one)]


def _apart(
    tagged: Sequence[tuple[int, int, str]], details: Sequence[Contact]
) -> list[tuple[int, int, str]]:
    """Return what lies apart from every contact detail, those of friends too: a part of one would
    stand in the store beside the placeholder of the whole.
    """
    return [
        (start, end, kind)
        for start, end, kind in tagged
        if not any(start < one.end and one.start < end for one in details)
    ]


def _slots(
    text: str, contacts: Sequence[Span], tagged: Sequence[tuple[int, int, str]]
) -> tuple[Slot, ...]:
    every = sorted([*((start, end, CONTACT) for start, end in contacts), *tagged])
    return tuple(dict.fromkeys(Slot(kind, text[start:end]) for start, end, kind in every))


def _reaches(text: str, contact: Contact) -> bool:
    """Say whether a contact detail is given to be reached by: a friend who is called into the chat,
    or a page of the web, is not.
    """
    if contact.kind is ContactKind.LINK:
        return not text.startswith(("http", "www"), contact.start)
    if contact.kind is ContactKind.HANDLE and text[contact.start] == "@":
        return (
            _REACHABLE.search(text[max(0, contact.start - _BEFORE_HANDLE) : contact.start])
            is not None
        )
    return True
