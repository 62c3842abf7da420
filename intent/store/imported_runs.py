"""Decisions that were made elsewhere, numbered to stand beside what readers see, as those of a
run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, select, tuple_

from intent.model.decision import Entry
from intent.model.errors import OperatorError
from intent.model.run import DecidedElsewhere
from intent.store.decisions import Standing, read_standings
from intent.store.rows import message_from
from intent.store.runs import locked_run
from intent.store.schema import messages
from intent.store.vault import text_digest


def fit_beside(
    transaction: Connection, name: str, decided: Sequence[DecidedElsewhere]
) -> tuple[list[Entry], Counter[str]]:
    """Number decisions as revisions of a run that readers do not see, and count what does not fit,
    by the reason. The messages are locked.

    Raises:
        OperatorError: there is no such run, or it is promoted.
    """
    if locked_run(transaction, name)["promoted_timestamp"] is not None:
        raise OperatorError(
            f"the run {name!r} is promoted; begin another one with a name of its own"
        )
    first = {one.identity: one for one in reversed(decided)}
    standings = read_standings(transaction, list(first))
    query = select(messages).where(
        tuple_(messages.c.platform, messages.c.message_id).in_(list(standings))
    )
    left_out = Counter({"repeated": len(decided) - len(first)})
    left_out["unknown"] = len(first) - len(standings)
    entries: list[Entry] = []
    for row in transaction.execute(query).mappings():
        message = message_from(row)
        one, standing = first[message.identity], standings[message.identity]
        reason = _misfit(name, standing, edited=one.text_digest != text_digest(message))
        if reason:
            left_out[reason] += 1
            continue
        entries.append(
            Entry(message, one.decision, standing.newest + 1, name, previous=None, visible=False)
        )
    return entries, left_out


def _misfit(name: str, standing: Standing, *, edited: bool) -> str | None:
    if name in standing.runs:
        return "repeated"
    # Revision 0 belongs to whoever takes it from the inbox.
    if standing.decision is None:
        return "undecided"
    if standing.decision.retracted:
        return "taken back"
    return "edited" if edited else None
