"""The templates of the pages: everything that people wrote is escaped, and what is missing is an
error.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from eval.verdict.numbers import number, percent, signed


def template(name: str) -> Template:
    """Return a template of this folder."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).resolve().parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"number": number, "signed": signed, "percent": percent}
    return found
