"""Proves that nothing was lost or doubled, that features are what decisions make them, and that
outcomes belong to what is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from intent.features.check.audit import StateCheck, check_state
from intent.outcomes.outcome_books import OutcomeBooks, outcome_books
from intent.store.audit import Balance, balance
from intent.store.engine import Database


@dataclass(frozen=True, slots=True)
class Audit:
    """The books of messages and of outcomes, and the feature state recomputed from decisions."""

    books: Balance
    features: StateCheck
    outcomes: OutcomeBooks

    @property
    def holds(self) -> bool:
        """Whether all are as they must be."""
        return self.books.holds and self.features.holds and self.outcomes.holds


def audit(database: Database, members: Mapping[str, frozenset[str]]) -> Audit:
    """Recount everything, in one consistent view of the database.

    Args:
        members: the taxonomy's groups, as :attr:`Taxonomy.members` gives them.
    """
    with database.read() as connection:
        return Audit(
            balance(connection), check_state(connection, members), outcome_books(connection)
        )
