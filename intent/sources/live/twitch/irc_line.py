"""Takes a line of Twitch's IRC apart: tags, who sent it, command and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from intent.model.errors import Malformed

_ESCAPED = {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}
_START = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class IrcLine:
    """One line.

    Attributes:
        tags: by name, with what they held before they were escaped.
        prefix: who sent it.
        command: in capitals: ``PRIVMSG``, ``CLEARCHAT``, a number.
        parameters: the last one may hold spaces.
    """

    tags: Mapping[str, str]
    prefix: str
    command: str
    parameters: tuple[str, ...]

    @property
    def channel(self) -> str:
        """The channel it is about, without its ``#``; empty where it is about none."""
        first = self.parameters[0] if self.parameters else ""
        return first[1:].lower() if first.startswith("#") else ""

    @property
    def text(self) -> str:
        """What was said; empty where nothing was."""
        return self.parameters[1] if len(self.parameters) > 1 else ""

    @property
    def sent_at(self) -> datetime | None:
        """When Twitch sent it; None where it does not say so."""
        stamp = self.tags.get("tmi-sent-ts", "")
        if not (stamp.isascii() and stamp.isdigit()) or len(stamp) > 15:
            return None
        try:
            return _START + timedelta(milliseconds=int(stamp))
        except OverflowError:
            return None


def parse_line(line: bytes) -> IrcLine:
    """Take a line apart.

    Args:
        line: without its end.

    Raises:
        Malformed: it is no UTF-8, or has no command.
    """
    try:
        # Half of a character that somebody cut is mended at the door, like everywhere.
        rest = line.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise Malformed(f"is no UTF-8 at byte {error.start}") from None
    tags: dict[str, str] = {}
    prefix = ""
    if rest.startswith("@"):
        held, _, rest = rest[1:].partition(" ")
        tags = _tags(held)
    if rest.lstrip(" ").startswith(":"):
        prefix, _, rest = rest.lstrip(" ")[1:].partition(" ")
    before, colon, trailing = rest.partition(" :")
    words = before.split()
    if not words or not (words[0].isascii() and words[0].isalnum()):
        raise Malformed("is no line of IRC: it has no command")
    return IrcLine(
        tags, prefix, words[0].upper(), (*words[1:], trailing) if colon else tuple(words[1:])
    )


def split_frame(frame: bytes) -> list[bytes]:
    """Return the lines of a frame; Twitch sends many in one."""
    return [line for line in frame.replace(b"\r", b"\n").split(b"\n") if line]


def unescape(value: str) -> str:
    """Return what a tag held before it was escaped; a lone last backslash falls, as the standard
    (IRCv3 message tags) says.
    """
    if "\\" not in value:
        return value
    held: list[str] = []
    characters = iter(value)
    for character in characters:
        if character != "\\":
            held.append(character)
            continue
        escaped = next(characters, "")
        held.append(_ESCAPED.get(escaped, escaped))
    return "".join(held)


def _tags(held: str) -> dict[str, str]:
    pairs = (one.partition("=") for one in held.split(";") if one)
    return {name: unescape(value) for name, _, value in pairs}
