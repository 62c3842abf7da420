"""Renders pages from ``templates/``: everything that people wrote is escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from intent.web.figures_shown import FILTERS

FOLDER = Path(__file__).with_name("templates")


@cache
def environment() -> Environment:
    """Return the environment of all templates; a name that is not there is an error."""
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= FILTERS
    return made


def rendered(template: str, **values: Any) -> str:
    """Return a page, or a fragment of one."""
    return environment().get_template(template).render(**values)
