"""What was known when, as SQL steps: exported facts become ``facts`` with the instants between
which a reader sees them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from intent.features.definitions.definitions import SECOND
from intent.model.errors import OperatorError

MARGIN = 5 * SECOND
"""What commits late was not known: a decision counts from so many microseconds after its created
time.
"""

LONGEST = 1e9
"""Seconds, some thirty years, that no margin reaches."""

_ASSUMED = re.compile(r"assume:([0-9]{1,9})s")


@dataclass(frozen=True, slots=True)
class History:
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


def parse_history(text: str, margin: float) -> History:
    """Read ``strict`` or ``assume:30s``; the margin is in seconds.

    Raises:
        OperatorError: the text is something else, or the margin is no number of seconds.
    """
    if not 0 <= margin < LONGEST:
        raise OperatorError(
            f"--margin must be a number of seconds from 0 on, such as 5, not {margin}"
        )
    if text == "strict":
        return History(round(margin * SECOND))
    found = _ASSUMED.fullmatch(text)
    if found is None:
        raise OperatorError(
            f"--history must be strict, or assume: with seconds such as assume:30s, not {text!r}"
        )
    return History(round(margin * SECOND), int(found[1]) * SECOND)


def facts_steps(history: History, columns: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the steps from table ``exported`` to table ``facts``: these columns, event, mask,
    since, until (null: still stands), stays and first.

    ``stays`` are the topics that a message keeps in all its later revisions; ``first`` is 1 for the
    revision of a message that is seen first, else 0. A revision that a later one overtook before it
    was known is dropped.
    """
    message = "PARTITION BY platform, message_id"
    same = "r.platform = f.platform AND r.message_id = f.message_id"
    known, first = "known", f"min(known) OVER ({message})"
    if history.assumed is not None:
        said = f"event + {history.assumed}"
        known, late = f"least(known, {said})", f"known - greatest({first} - ({said}), 0)"
    else:
        late = "known"
    visible = f"greatest(event, {{}} + {history.margin}) + 1"
    kept = ", ".join(("event", "mask", *sorted({*columns} - {"event", "mask"})))
    yield "redecided", "SELECT DISTINCT platform, message_id FROM exported WHERE revision > 0"
    following = (
        f"min(late) OVER ({message} ORDER BY revision ROWS BETWEEN 1 FOLLOWING AND "
        "UNBOUNDED FOLLOWING)"
    )
    revised = (
        f"SELECT *, {following} AS later FROM (SELECT *, {late} AS late FROM exported f "
        f"SEMI JOIN redecided r ON {same})"
    )
    replaced = f"CASE WHEN later IS NOT NULL THEN {visible.format('later')} END"
    chain = (
        f"SELECT *, {visible.format('late')} AS since, {replaced} AS until FROM ({revised}) "
        "WHERE later IS NULL OR late < later"
    )
    stays = (
        f"bit_and(mask) OVER ({message} ORDER BY revision ROWS BETWEEN CURRENT ROW AND "
        "UNBOUNDED FOLLOWING)"
    )
    earliest = f"CASE WHEN since = min(since) OVER ({message}) THEN 1 ELSE 0 END"
    yield (
        "revised",
        f"SELECT *, {stays} AS stays, {earliest} AS first FROM ({chain}) WHERE until IS NULL OR "
        "since < until",
    )
    # Most messages are decided once: of these only the columns that are asked for are read.
    once = (
        f"SELECT {kept}, {visible.format(known)} AS since, CAST(NULL AS BIGINT) AS until, mask "
        "AS stays, 1 AS first"
    )
    once = f"{once} FROM exported f ANTI JOIN redecided r ON {same}"
    yield "facts", f"{once} UNION ALL SELECT {kept}, since, until, stays, first FROM revised"
