"""Finds what can be found without a model: contact details, prices, quantities, and variants such
as sizes, colours and claim codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from intent.classify.contacts import Contact, ContactKind, find_contacts
from intent.classify.slots.chinese import find_chinese
from intent.classify.slots.spaced import Found, find_spaced
from intent.classify.slots.thai import find_thai
from intent.model.decision import Slot

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


def find_slots(text: str) -> tuple[Slot, ...]:
    """Return contact, price, quantity and variant slots: verbatim substrings in order of position,
    none inside another. Product, place and time are left to the LLM.
    """
    taken = bytearray(len(text))
    found = []
    for start, end, kind in _candidates(text):
        if taken.find(1, start, end) < 0:
            taken[start:end] = b"\1" * (end - start)
            found.append((start, kind, text[start:end]))
    return tuple(Slot(kind, piece) for _, kind, piece in sorted(found))


def _candidates(text: str) -> Iterator[Found]:
    for contact in find_contacts(text):
        if _reaches(text, contact):
            yield contact.start, contact.end, "contact"
    if not text.isascii():
        yield from find_chinese(text)
        yield from find_thai(text)
    yield from find_spaced(text)


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
