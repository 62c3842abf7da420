"""Proves that nothing was lost or doubled, and that features are what decisions make them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from intent.features.check.audit import StateCheck, check_state
from intent.store.audit import Balance, balance
from intent.store.engine import Database


@dataclass(frozen=True, slots=True)
class Audit:
    """The books of messages, and the feature state recomputed from decisions."""

    books: Balance
    features: StateCheck

    @property
    def holds(self) -> bool:
        """Whether both are as they must be."""
        return self.books.holds and self.features.holds


def audit(database: Database, members: Mapping[str, frozenset[str]]) -> Audit:
    """Recount everything, in one consistent view of the database.

    Args:
        members: the taxonomy's groups, as :attr:`Taxonomy.members` gives them.
    """
    with database.read() as connection:
        return Audit(balance(connection), check_state(connection, members))
