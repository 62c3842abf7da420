"""Tables and texts in Markdown, in which nothing that people wrote becomes structure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_MARKDOWN = re.compile(r"[|`*\[\]<>&\\~#@!]|(?<!\w)_|_(?!\w)")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; cells are escaped."""
    lines = [head, ["---"] * len(head), *([escape(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escape(text: str) -> str:
    """Return text that cannot become Markdown or HTML: what people write stays what it is."""
    flat = " ".join(text.split())
    # An underscore inside a word is only an underscore, and metric names are easier to read with
    # it.
    return _MARKDOWN.sub(lambda found: f"&#{ord(found[0])};", flat)
