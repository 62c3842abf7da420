"""Takes contact details out of a payload that is no message; whom it is about can still be read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

_IDS = (
    *("platform", "user_id", "message_id"),
    *("room_id", "creator_id", "item_id", "category_id"),
)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ][0-9:.+Zz-]*")
_PAIRS = re.compile(
    rf'("(?:{"|".join(_IDS)})"\s*:\s*(?:"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*)'
    rf'|"sent_at"\s*:\s*"{_TIME.pattern}")'
)


def hidden_payload(payload: bytes, hide: Callable[[str], str]) -> bytes:
    """Return a payload without contact details; ids and times stay, so that it is found when its
    author is forgotten.

    Args:
        hide: takes contact details out of a text.
    """
    text = payload.decode("utf-8", "surrogateescape")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        # Broken or cut: what stands between the ids is a text.
        pieces = [
            piece if number % 2 else hide(piece) for number, piece in enumerate(_PAIRS.split(text))
        ]
        return "".join(pieces).encode("utf-8", "surrogateescape")
    hidden = _hidden(value, hide)
    if hidden == value:
        return payload
    # A lone surrogate, written as an escape, is no UTF-8.
    return json.dumps(hidden, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _hidden(value: Any, hide: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, int) and not isinstance(value, bool):
        written = hide(str(value))
        return written if written != str(value) else value
    if isinstance(value, list):
        return [_hidden(one, hide) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        hide(key): one if _is_kept(key, one) else _hidden(one, hide) for key, one in value.items()
    }


def _is_kept(key: str, value: Any) -> bool:
    if key == "sent_at":
        return isinstance(value, str) and _TIME.fullmatch(value) is not None
    return key in _IDS and isinstance(value, str | int)
