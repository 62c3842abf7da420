"""Who is measured. The local model comes from bootstrap exactly as the worker gets it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from eval.run.items import Item
from eval.run.manifest import Decider
from eval.run.predictions import Prediction, decided
from intent.model.decision import Decision
from intent.ports.deciding import Classifier

BATCH = 256
"""Messages that the local model is given at once, as the worker's default."""


class Subject(Protocol):
    """Something that decides messages, batch by batch."""

    @property
    def decider(self) -> Decider:
        """What it is made of."""
        ...

    @property
    def replayed(self) -> int:
        """How many messages were answered from the response store, without asking."""
        ...

    def batches(self, items: Sequence[Item]) -> list[list[Item]]:
        """Return the items in the batches in which they are to be decided; the same items give the
        same batches.
        """
        ...

    def decide(self, batch: Sequence[Item], repeat: int) -> list[Prediction]:
        """Return one prediction for each item, in order."""
        ...


class LocalSubject:
    """The local model alone: decides what the worker would decide first."""

    def __init__(self, classifier: Classifier, decider: Decider) -> None:
        self._classifier, self._decider = classifier, decider

    @property
    def decider(self) -> Decider:
        """What it is made of."""
        return self._decider

    @property
    def replayed(self) -> int:
        """None: it is not asked over a network."""
        return 0

    def batches(self, items: Sequence[Item]) -> list[list[Item]]:
        """Return runs of neighbours."""
        return [list(items[start : start + BATCH]) for start in range(0, len(items), BATCH)]

    def decide(self, batch: Sequence[Item], repeat: int) -> list[Prediction]:
        """Decide a batch at once."""
        began = time.perf_counter()
        decisions = self._classifier.classify([item.message for item in batch])
        latency = round(time.perf_counter() - began, 6)
        return [
            self.prediction(item, decision, repeat, latency)
            for item, decision in zip(batch, decisions, strict=True)
        ]

    def prediction(self, item: Item, decision: Decision, repeat: int, latency: float) -> Prediction:
        """Return a local decision as a prediction."""
        stage = "cache" if decision.from_cache else "local"
        return decided(
            decision, id=item.row.id, repeat=repeat, seen=item.seen, stage=stage, latency=latency
        )
