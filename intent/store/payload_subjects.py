"""Says whom a payload is about that is no message: broken, cut, or with a wrong value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from intent.model.data_subject import DataSubject, SubjectKind

_KEYS = {
    "user_id": SubjectKind.USER,
    "message_id": SubjectKind.MESSAGE,
    "room_id": SubjectKind.ROOM,
}
_PAIR = re.compile(
    r'"(platform|user_id|message_id|room_id)"\s*:\s*("(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*)'
)


def subjects_of(payload: bytes) -> set[DataSubject]:
    """Return everybody and everything that a payload names by platform and id."""
    named = _read(payload)
    return {
        DataSubject(kind, platform, value)
        for key, kind in _KEYS.items()
        for platform in named.get("platform", ())
        for value in named.get(key, ())
    }


def may_be_of(payload: bytes, subject: DataSubject) -> bool:
    """Whether a payload names a subject; of a person also, whether nobody can say who wrote it:
    then it may be theirs.
    """
    named = _read(payload)
    platforms = named.get("platform", set())
    if platforms and subject.platform not in platforms:
        return False
    key = next(key for key, kind in _KEYS.items() if kind is subject.kind)
    ids = named.get(key, set())
    if not ids or not platforms:
        return subject.kind is SubjectKind.USER
    return subject.id in ids


def _read(payload: bytes) -> dict[str, set[str]]:
    text = payload.decode("utf-8", "replace")
    named: dict[str, set[str]] = {}
    for key, value in _pairs(text):
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            named.setdefault(key, set()).add(str(value))
    return named


def _pairs(text: str) -> Iterator[tuple[str, Any]]:
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        # Broken or cut: what can be read of it is read.
        for key, literal in _PAIR.findall(text):
            try:
                yield key, json.loads(literal)
            except ValueError:
                continue
        return
    if isinstance(value, dict):
        yield from ((key, value[key]) for key in ("platform", *_KEYS) if key in value)
