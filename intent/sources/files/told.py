"""What a person says about a file that the file does not: which room, which zone, whose shop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from intent.model.errors import WrongUse
from intent.model.message import Message
from intent.sources.files.date_order import DateOrder

CONSTANTS = (
    "platform",
    "room_id",
    "creator_id",
    "item_id",
    "category_id",
    "kind",
    "author_role",
    "lang",
    "offer",
    "item",
)
"""What ``--const`` may say: what all messages of a file can share."""

COLUMNS = (*Message.model_fields, "offer", "item")
"""What ``--map`` may say: every key of the wire shape, and the two of its context."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was said on the command line.

    Attributes:
        columns: our key to the name of the sheet's column.
        constants: our key to the value that all messages have.
        zone: the zone of times that do not say theirs.
        date_order: how dates are written.
        hosts: names or ids of authors who are the host.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    zone: ZoneInfo | None = None
    date_order: DateOrder | None = None
    hosts: frozenset[str] = frozenset()

    def completed(self, values: Mapping[str, object], name: str = "") -> dict[str, object]:
        """Return the values of one message with what was said about all of them; ``name`` is its
        author's, where that is no id.
        """
        whole = {**values, **self.constants}
        context = {key: whole.pop(key) for key in ("offer", "item") if whole.get(key)}
        if context:
            whole["context"] = context
        if self.hosts & {str(whole.get("user_id")), name}:
            whole["author_role"] = "host"
        return whole

    def need(self, key: str, remedy: str) -> str:
        """Return a constant that must have been said.

        Raises:
            WrongUse: it was not.
        """
        if key not in self.constants:
            raise WrongUse(remedy)
        return self.constants[key]


def told(
    *,
    columns: Sequence[str] = (),
    constants: Sequence[str] = (),
    room: str | None = None,
    timezone: str | None = None,
    date_order: DateOrder | None = None,
    hosts: Sequence[str] = (),
) -> Told:
    """Read what was typed.

    Args:
        columns: such as ``text=Comment``.
        constants: such as ``platform=tiktok``.
        room: the room's id.
        timezone: an IANA name.
        hosts: names or ids.

    Raises:
        WrongUse: a word is wrong.
    """
    said = _pairs("--const", constants, CONSTANTS)
    if room is not None:
        said["room_id"] = room
    return Told(
        _pairs("--map", columns, COLUMNS),
        said,
        None if timezone is None else _zone(timezone),
        date_order,
        frozenset(hosts),
    )


def _pairs(option: str, words: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign or not value or key not in known:
            raise WrongUse(
                f"{option} {word!r} is not understood; write KEY=VALUE, with a key of: "
                + ", ".join(known)
            )
        pairs[key] = value
    return pairs


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:  # not known, a folder of zones, no name at all
        raise WrongUse(
            f"{name!r} is no time zone; write its IANA name, such as Asia/Jakarta or America/Lima"
        ) from error
