"""What was known when: exported facts become ``facts`` with the instants between which a reader
sees them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from intent.features.definitions.definitions import SECOND
from intent.features.offline.templates import Step, steps
from intent.model.errors import OperatorError

MARGIN = 5 * SECOND
"""What commits late was not known: a decision counts from so many microseconds after its created
time.
"""

LONGEST = 1e9
"""Seconds, some thirty years, that no margin reaches."""

_ASSUMED = re.compile(r"assume:([0-9]{1,9})s")


@dataclass(frozen=True, slots=True)
class KnownHistory:
    """How long ago a fact must have been written to be known, and what is taken as known of history
    that came in afterwards.

    Attributes:
        margin: microseconds after its created time from which a decision is known.
        assumed: None is strict; else a message that came in later is taken as decided so many
            microseconds after it was said. Later revisions of it keep their distance, so that an
            upgrade never shows before its time.
    """

    margin: int = MARGIN
    assumed: int | None = None


def parse_history(text: str, margin: float) -> KnownHistory:
    """Read ``strict`` or ``assume:30s``; the margin is in seconds.

    Raises:
        OperatorError: the text is something else, or the margin is no number of seconds.
    """
    if not 0 <= margin < LONGEST:
        raise OperatorError(
            f"--margin must be a number of seconds from 0 on, such as 5, not {margin}"
        )
    if text == "strict":
        return KnownHistory(round(margin * SECOND))
    found = _ASSUMED.fullmatch(text)
    if found is None:
        raise OperatorError(
            f"--history must be strict, or assume: with seconds such as assume:30s, not {text!r}"
        )
    return KnownHistory(round(margin * SECOND), int(found[1]) * SECOND)


def facts_steps(history: KnownHistory, columns: Collection[str]) -> Iterator[Step]:
    """Yield the steps from table ``exported`` to table ``facts`` (``sql/facts.sql``): these
    columns, event, mask, since, until, stays and first.
    """
    return steps(
        "facts",
        columns=["event", "mask", *sorted({*columns} - {"event", "mask"})],
        margin=history.margin,
        assumed=history.assumed,
    )
