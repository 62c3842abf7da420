"""Proves that nothing was lost or doubled, that features are what decisions make them, that
outcomes belong to what is there, and that contact details stand in the vault alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from intent.features.check.audit import StateCheck, check_state
from intent.outcomes.outcome_books import OutcomeBooks, outcome_books
from intent.store.audit import Balance, balance
from intent.store.engine import Database
from intent.store.vault import Vault
from intent.store.vault_moving import plain_details


@dataclass(frozen=True, slots=True)
class Audit:
    """The books of messages and of outcomes, and the feature state recomputed from decisions.

    Attributes:
        plain: rows that hold a contact detail in plain, by table; None where nobody looked.
    """

    books: Balance
    features: StateCheck
    outcomes: OutcomeBooks
    plain: Mapping[str, int] | None = None

    @property
    def holds(self) -> bool:
        """Whether all are as they must be."""
        sealed = not any((self.plain or {}).values())
        return self.books.holds and self.features.holds and self.outcomes.holds and sealed

    def findings(self) -> tuple[str, ...]:
        """Return what was counted, in lines for people; the equation comes first."""
        books, state, outcomes = self.books, self.features, self.outcomes
        return (
            books.equation(),
            f"neither waiting, decided nor dead: {books.nowhere:,}; more than one of them: "
            f"{books.twice:,}; never accepted: {books.unknown:,}",
            f"messages with a gap in their revisions: {books.gaps:,}; decisions filed under labels "
            f"they did not choose: {books.misfiled:,}",
            f"refused payloads kept beside: {books.refused:,}",
            f"feature rows recomputed from decisions: {state.recomputed:,}",
            f"of these mismatched: {state.mismatched:,}; missing: {state.missing:,}; extra: "
            f"{state.extra:,}",
            f"conversions: {outcomes.conversions:,}; with a gap in their revisions: "
            f"{outcomes.gaps:,}; links and credits to what is gone: {outcomes.dangling:,}; "
            f"changed, but never placed so far: {outcomes.unplaced:,}",
            f"impressions: {outcomes.impressions:,}; clicks: {outcomes.clicks:,}, on what was not "
            f"shown so far: {outcomes.unshown:,}, by somebody else than it was shown to: "
            f"{outcomes.strange:,}",
            f"exposures to arms of experiments: {outcomes.exposures:,}; to another arm than dealt: "
            f"{outcomes.misdealt:,}",
            *self._plain_findings(),
        )

    def _plain_findings(self) -> tuple[str, ...]:
        if self.plain is None:
            return ()
        counted = "; ".join(f"{name.replace('_', ' ')}: {n:,}" for name, n in self.plain.items())
        more = "; to seal them: intent vault seal" if any(self.plain.values()) else ""
        return (f"rows with contact details in plain: {counted}{more}",)


def audit(
    database: Database,
    members: Mapping[str, frozenset[str]],
    *,
    vault: Vault | None = None,
    most: float | None = None,
    shards: Sequence[Database] = (),
) -> Audit:
    """Recount everything, in one consistent view of the database.

    Args:
        members: the taxonomy's groups, as :attr:`Taxonomy.members` gives them.
        vault: looks through stored texts for contact details in plain, which takes 30 µs a text.
        most: seconds that it may take; None for the limits of each statement.
        shards: all of several shards, which have what links of this one refer to.

    Raises:
        StoreUnavailable: the database is away, or it took longer.
    """
    with ExitStack() as opened:
        connection = opened.enter_context(database.read(most=most))
        views = [opened.enter_context(one.read(most=most)) for one in shards]
        return Audit(
            balance(connection),
            check_state(connection, members),
            outcome_books(connection, views),
            plain_details(connection, vault) if vault is not None else None,
        )
