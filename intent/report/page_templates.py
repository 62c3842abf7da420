"""Opens the templates of reports: all values escaped, and a missing name is an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

Filter = Callable[..., Any]


def open_templates(filters: Mapping[str, Filter]) -> Environment:
    """Return the templates beside this module, with a page's own filters."""
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= filters
    return found
