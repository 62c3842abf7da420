"""Local model and LLM together as a subject: what the worker and the asker decide between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from eval.run.items import Item
from eval.run.llm_subject import LlmSubject, by_room
from eval.run.manifest import Decider
from eval.run.predictions import Prediction
from eval.run.subject import LocalSubject
from intent.model.decision import Decision
from intent.ports.deciding import Classifier


class CascadeSubject:
    """The local model first, and the LLM for what it is unsure of: what the worker and the asker do
    together.
    """

    def __init__(
        self,
        local: LocalSubject,
        classifier: Classifier,
        asking: LlmSubject,
        unsure: Callable[[Decision], bool],
        decider: Decider,
    ) -> None:
        self._local, self._classifier, self._asking, self._unsure, self._decider = (
            local,
            classifier,
            asking,
            unsure,
            decider,
        )

    @property
    def decider(self) -> Decider:
        """What it is made of."""
        return self._decider

    @property
    def replayed(self) -> int:
        """How many messages were answered from the response store."""
        return self._asking.replayed

    def batches(self, items: Sequence[Item]) -> list[list[Item]]:
        """Return whole rooms, so that what is unsure of a room can be asked together."""
        return by_room(items)

    def decide(self, batch: Sequence[Item], repeat: int) -> list[Prediction]:
        """Decide a room locally, then ask about what is unsure; where no answer can be used, the
        local decision stays.
        """
        began = time.perf_counter()
        decisions = self._classifier.classify([item.message for item in batch])
        latency = round(time.perf_counter() - began, 6)
        found = {
            item.row.id: self._local.prediction(item, decision, repeat, latency)
            for item, decision in zip(batch, decisions, strict=True)
        }
        doubtful = {
            item.row.id: decision
            for item, decision in zip(batch, decisions, strict=True)
            if self._unsure(decision)
        }
        for part in self._asking.batches([item for item in batch if item.row.id in doubtful]):
            for one in self._asking.ask(part, repeat, [doubtful[item.row.id] for item in part]):
                found[one.id] = one if one.labels else _unanswered(one, found[one.id])
        return [found[item.row.id] for item in batch]


def _unanswered(asked: Prediction, stays: Prediction) -> Prediction:
    """Return the local decision, with the price and the fault of the answer that was no use."""
    kept = {"labels", "lead_probability", "probabilities", "slots"}
    return asked.model_copy(
        update={name: getattr(stays, name) for name in kept} | {"stage": "local"}
    )
