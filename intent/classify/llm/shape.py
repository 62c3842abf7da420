"""Finds the one JSON object of a reply in what a model wrote around it: thoughts, prose, fences.
What could be read in two ways is read in none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

MAX_CHARACTERS = 200_000
"""Longest reply that is read at all."""

TRIES = 50
"""Braces at which an object is looked for, at most: a text full of them must not take for ever."""

_THOUGHT = re.compile(r"<(/?)(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_OBJECT, _BEGINNING = re.compile(r"\{"), re.compile(r"[\[{]")
_END = re.compile(
    r"(?:<\|[a-z_]{1,30}\|>|</?s>|<(?:end_of_turn|eos|pad)>|\[/INST\])\Z", re.IGNORECASE
)
_LONGEST_END = 40

Found = TypeVar("Found")


def find_reply(text: str) -> dict[str, Any] | None:
    """Return the object of a reply: ``labels``, a list, and ``slots``, a list; other keys are left
    out. None where there is none, or more than one.
    """
    return find_one(text, _reply)


def find_one(text: str, read: Callable[[Any], Found | None]) -> Found | None:
    """Return what ``read`` makes of the one JSON value of a text that it can read; None where there
    is none, or more than one.
    """
    if len(text) > MAX_CHARACTERS:
        return None
    bare = text.strip("\ufeff \t\r\n")
    whole = _parsed(bare)
    if whole is not None:
        return read(whole)
    # Only then: a reply that is JSON may quote anything, also the end of a thought.
    bare = _without_thoughts(_without_end(bare))
    found = [reply for value in _objects(bare) if (reply := read(value)) is not None]
    return found[0] if len(found) == 1 else None


def _without_end(text: str) -> str:
    while (end := _END.search(text, max(len(text) - _LONGEST_END, 0))) is not None:
        text = text[: end.start()].rstrip()
    return text


def _without_thoughts(text: str) -> str:
    """Return what stands behind the last thought, whose beginning some servers eat; nothing where
    it has no end.
    """
    marks = list(_THOUGHT.finditer(text))
    if not marks:
        return text
    return text[marks[-1].end() :] if marks[-1].group(1) else ""


def _objects(text: str) -> Iterator[Any]:
    """Yield the objects and lists that stand in a text, in order, none inside another; no list
    behind a brace without an end, which may be the rest of a reply that was cut short.
    """
    decoder = json.JSONDecoder(object_pairs_hook=_without_twins)
    place, broken = 0, False
    for _ in range(TRIES):
        found = (_OBJECT if broken else _BEGINNING).search(text, place)
        if found is None:
            return
        try:
            value, place = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            place, broken = found.end(), broken or found.group() == "{"
        else:
            yield value


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError):
        return None


def _reply(value: Any) -> dict[str, Any] | None:
    if isinstance(value, list):
        return _of_list(value)
    if not isinstance(value, dict):
        return None
    labels, slots = value.get("labels"), value.get("slots")
    # A server that does not enforce the schema may leave out an empty list, or call it null.
    slots = [] if slots is None else slots
    if not isinstance(labels, list) or not isinstance(slots, list):
        return None
    return {"labels": labels, "slots": slots}


def _of_list(value: list[Any]) -> dict[str, Any] | None:
    """Return the reply that stands alone in a list, or whose labels the list is."""
    if len(value) == 1 and isinstance(value[0], dict) and "labels" in value[0]:
        return _reply(value[0])
    are_labels = bool(value) and all(
        isinstance(one, dict) and {"id", "is"} <= set(one) for one in value
    )
    return {"labels": value, "slots": []} if are_labels else None


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key stands twice")
    return value
