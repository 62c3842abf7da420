"""Renders the SQL templates of the offline build, which stand in ``sql/``, into named steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from intent.features.definitions.definitions import BURST, LEAD, MESSAGE, SECOND, SHORT_LONG
from intent.features.definitions.status import FADED, SEQUENCE, Status

BLOCK = 64
"""Half-lives in a block of time. Weights are reckoned as of the begin of their event's block, and
those of two blocks fit 38 digits; what is older than a block has faded.
"""

FINE = 34
"""Weights are integers in steps of 2**-34, so that their sums are exact in any order: each is right
to 3e-11 of itself, and 268 million messages of one entity fit.
"""

FOREVER = 2**63 - 1
"""Microseconds: when what still stands is replaced."""

LATE = 3600 * SECOND
"""A message that was decided so many microseconds after it was said counts as late in the report.
"""

_STEP = re.compile(r"^-- step: (\S+)$", re.MULTILINE)


class Step(NamedTuple):
    """A table that is made, and the SQL that makes it."""

    name: str
    sql: str


def steps(template: str, **values: Any) -> Iterator[Step]:
    """Render a template, and yield what stands under each line ``-- step: NAME``, in order."""
    text = _environment().get_template(f"{template}.sql").render(**values)
    _, *parts = _STEP.split(text)
    for name, sql in zip(parts[::2], parts[1::2], strict=True):
        yield Step(name, sql.strip())


@lru_cache(maxsize=1)
def _environment() -> Environment:
    # Nothing here is HTML; what is filled in are names of the definitions, and numbers.
    environment = Environment(  # noqa: S701
        loader=FileSystemLoader(Path(__file__).with_name("sql")), undefined=StrictUndefined
    )
    short, long = SHORT_LONG
    environment.globals |= {
        "BLOCK": BLOCK,
        "BURST": BURST,
        "FADED": FADED,
        "FINE": FINE,
        "FOREVER": FOREVER,
        "LATE": LATE,
        "LEAD": LEAD,
        "LONG": long,
        "MESSAGE": MESSAGE,
        "SECOND": SECOND,
        "SEQUENCE": SEQUENCE,
        "SHORT": short,
        **{
            status.name: status.word
            for status in (Status.PRESENT, Status.NEVER_SEEN, Status.EXPIRED)
        },
    }
    return environment
