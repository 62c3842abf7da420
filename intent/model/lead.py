"""What is told of a lead: its id in addresses, and what changed about it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from intent.model.errors import WrongUse

MAX_NOTE_CHARACTERS = 1000
"""Longest note on a lead."""

MAX_NAME_CHARACTERS = 100
"""Longest name of who handles leads."""

_ACTION_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class LeadState(StrEnum):
    """Where a lead stands among those who handle it."""

    OPEN = "open"
    TAKEN = "taken"
    DONE = "done"
    NOT_A_LEAD = "not_a_lead"


class LeadAction(StrEnum):
    """What somebody does with a lead."""

    TAKE = "take"
    DONE = "done"
    RELEASE = "release"
    """It is open again; of what was said to be no lead, it is a lead again."""
    NOT_A_LEAD = "not_a_lead"
    """A person's decision, which replaces the machine's."""
    ON_AIR = "on_air"
    """The host answered it aloud."""
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Handling:
    """What somebody wants to do with a lead.

    Attributes:
        action_id: given by who acts; the same one again changes nothing.
        acted_by: name of who acts.
        note: text to write down; needed for a note, possible with everything else.
        expected: the version of the lead that they saw; None for *whatever it is*.
        label: of not_a_lead, what it is instead; None for what was next likely.
    """

    platform: str
    message_id: str
    action: LeadAction
    action_id: str
    acted_by: str
    note: str | None = None
    expected: int | None = None
    label: str | None = None

    @property
    def lead(self) -> str:
        """The lead's id in addresses."""
        return lead_id(self.platform, self.message_id)

    def __post_init__(self) -> None:
        if not _ACTION_ID.fullmatch(self.action_id):
            raise WrongUse("an action id is 1 to 64 letters, digits, or any of: . _ : -")
        _require_text(self.acted_by, "a name", MAX_NAME_CHARACTERS)
        if self.note is not None or self.action is LeadAction.NOTE:
            _require_text(self.note or "", "a note", MAX_NOTE_CHARACTERS)


def _require_text(value: str, what: str, most: int) -> None:
    if not value.strip():
        raise WrongUse(f"{what} must not be empty")
    if len(value) > most:
        raise WrongUse(f"{what} has {most:,} characters at most")
    if "\x00" in value:
        raise WrongUse(f"{what} must not hold a NUL character")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise WrongUse(f"{what} holds half a character") from None


class ChangeKind(StrEnum):
    """What changed."""

    FOUND = "found"
    """It is a lead from now on: the first time, or again after it was taken back or edited."""
    CHANGED = "changed"
    """It stays a lead, by a newer decision."""
    GONE = "gone"
    """It is a lead no more: taken back, edited, or decided otherwise."""
    ANSWERED = "answered"
    """The host replied to it, or took a reply back."""
    HANDLED = "handled"
    """Somebody did something with it."""
    ERASED = "erased"
    """Something was erased, nobody says what: who shows leads reads them anew."""


@dataclass(frozen=True, slots=True)
class LeadChange:
    """One line of the log of what changes about leads.

    Attributes:
        cursor: stands for *everything up to this line*; a reader goes on behind it.
        platform, message_id, room_id: empty for ``erased`` alone.
        revision: of found, changed and gone, the number of the decision.
        action: of handled, what was done.
        created_timestamp: when it was written, database clock.
    """

    cursor: str
    kind: ChangeKind
    platform: str
    message_id: str
    room_id: str
    revision: int | None
    action: str | None
    created_timestamp: datetime

    @property
    def lead_id(self) -> str | None:
        """The lead's id in addresses; None where something was erased."""
        if self.kind is ChangeKind.ERASED:
            return None
        return lead_id(self.platform, self.message_id)


def lead_id(platform: str, message_id: str) -> str:
    """Return the id of a lead in addresses: one opaque text of letters, digits, ``-`` and ``_``."""
    named = json.dumps([platform, message_id], separators=(",", ":")).encode("ascii")
    return base64.urlsafe_b64encode(named).rstrip(b"=").decode("ascii")


def read_lead_id(given: str) -> tuple[str, str]:
    """Return the platform and message_id that an id of :func:`lead_id` stands for.

    Raises:
        WrongUse: it is no such id.
    """
    try:
        padded = given.encode("ascii") + b"=" * (-len(given) % 4)
        named = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        platform, message_id = named
        is_text = isinstance(platform, str) and isinstance(message_id, str)
        if is_text and lead_id(platform, message_id) == given:
            return platform, message_id
    except (ValueError, TypeError, RecursionError, binascii.Error):
        pass
    raise WrongUse("that is no id of a lead; take one from a list of leads")
