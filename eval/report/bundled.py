"""Puts what a page's script shows into the page: JSON, compressed, so that ten thousand messages
stay a small file.

The browser unpacks it with ``DecompressionStream`` (in all of them since 2023); no character of it
can become markup.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any


def packed(value: Any) -> str:
    """Return a value as base64 of zlib-compressed JSON."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("utf-8", "replace"), 9)).decode()


def unpacked(text: str) -> Any:
    """Undo :func:`packed`."""
    return json.loads(zlib.decompress(base64.b64decode(text)))
