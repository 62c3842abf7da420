"""Takes the lines of a WhatsApp export apart: when, who, and what a person typed of it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from intent.sources.files.written_times import MARKS, WrittenTime, read_written_time

_LONGEST_PREFIX = 60
_LEFT_TO_RIGHT = "\u200e"
"""Stands before what the app has written, not a person: notices, and names of attachments."""

_AUTHOR = re.compile(r"([^:]{1,100}?):(?: (.*)|$)", re.DOTALL)
_ATTACHED = re.compile(r"[^\n/]{1,120}\.\w{2,5} \([^()\n]{3,60}\)")
_OMITTED = re.compile(r"<[^<>\n]{3,60}>")
_EDITED = re.compile(r"\s*(?:\u200e<[^<>\n]+>|<This message was edited>)\s*$")
_DELETED = frozenset(
    {
        "this message was deleted",
        "you deleted this message",
        "pesan ini dihapus",
        "anda menghapus pesan ini",
        "mesej ini telah dipadam",
        "anda telah memadam mesej ini",
        "se eliminó este mensaje",
        "eliminaste este mensaje",
        "此消息已删除",
        "您已删除此消息",
        "此訊息已刪除",
        "您已刪除此訊息",
        "tin nhắn này đã bị xóa",
        "bạn đã xóa tin nhắn này",
        "ข้อความนี้ถูกลบแล้ว",
        "คุณลบข้อความนี้แล้ว",
    }
)


@dataclass(frozen=True, slots=True)
class WhatsAppLine:
    """The first line of a message: when it was written, and all that follows."""

    written: WrittenTime
    body: str

    @property
    def author(self) -> str | None:
        """Who wrote it; None for what the app says by itself."""
        found = _AUTHOR.match(self.body)
        if found is None:
            return None
        name = unicodedata.normalize("NFC", found[1].strip(MARKS + " ~\u202f\u00a0"))
        # The app quotes the names of groups, and those may hold a colon; people's names hold no
        # quotes.
        return name if name and not set(name) & set('"\u201c\u201d') else None

    @property
    def text(self) -> str:
        """What stands behind the author's name."""
        found = _AUTHOR.match(self.body)
        return (found[2] or "") if found is not None else ""


def read_whatsapp_line(line: str) -> WhatsAppLine | None:
    """Return the message that begins on this line; None where another one goes on."""
    start = line.lstrip(MARKS)
    if not (start[:1].isdecimal() or start[:1] == "["):
        return None
    if start[0] == "[":
        end = start.find("]", 0, _LONGEST_PREFIX)
        return None if end < 0 else _line(start[1:end], start[end + 1 :].removeprefix(" "))
    # The oldest exports have a colon where others have a dash.
    for sign in (" - ", " \u2013 ", ": "):
        end = start.find(sign, 0, _LONGEST_PREFIX)
        if end > 0:
            found = _line(start[:end], start[end + len(sign) :])
            if found is not None:
                return found
    return None


def _line(prefix: str, body: str) -> WhatsAppLine | None:
    written = read_written_time(prefix)
    return None if written is None else WhatsAppLine(written, body)


def typed(text: str) -> str:
    """Return what a person typed of a message: without attachments' names and the app's notices,
    and with the captions below them; empty where nothing is left.
    """
    kept = [
        line
        for number, line in enumerate(_EDITED.sub("", text).split("\n"))
        if not line.startswith(_LEFT_TO_RIGHT) and not (number == 0 and _ATTACHED.fullmatch(line))
    ]
    said = "\n".join(kept).strip(" \n\r\t")
    if _OMITTED.fullmatch(said) or said.rstrip(".").casefold() in _DELETED:
        return ""
    return said
