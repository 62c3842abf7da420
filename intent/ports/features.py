"""The seam of features: what is counted while decisions are saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from intent.model.decision import Entry
from intent.ports.ingestion import Transaction


class FeatureState(Protocol):
    """What is counted while decisions are saved."""

    def add(self, transaction: Transaction, entries: Sequence[Entry]) -> None:
        """Count inserted entries: new minus previous, at the event's time."""

    def remove(self, transaction: Transaction, entries: Sequence[Entry]) -> None:
        """Uncount messages; ``decision`` is the one that stood for readers. To be called after
        their decisions are deleted.
        """
