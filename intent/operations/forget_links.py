"""Finds what lies in one shard and is a person's by what another one knows: conversions by links,
and links to conversions that are gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from intent.model.data_subject import DataSubject
from intent.outcomes.outcome_books import dangling_over
from intent.store.engine import Database
from intent.store.linked_elsewhere import as_subjects, delete_links, linked_to


def conversions_of(
    databases: Sequence[Database], subject: DataSubject
) -> list[tuple[int, DataSubject]]:
    """Return the conversions that links of any shard say are a person's, each with the place of a
    shard that has it.
    """
    ids: set[str] = set()
    for one in databases:
        with one.read() as connection:
            ids |= linked_to(connection, subject)
    found = []
    for place, one in enumerate(databases):
        with one.read() as connection:
            found += [(place, conversion) for conversion in as_subjects(connection, ids)]
    return found


def drop_dangling(databases: Sequence[Database]) -> None:
    """Delete links and credits whose conversion is gone from all shards."""
    for one in databases:
        with ExitStack() as opened:
            others = [opened.enter_context(other.read()) for other in databases if other is not one]
            transaction = opened.enter_context(one.begin())
            gone = dangling_over(transaction, [transaction, *others])
            delete_links(transaction, gone)
