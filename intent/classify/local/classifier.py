"""The local model: n-grams and a sentence embedding in one calibrated linear head; it decides every
message at once, without network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from intent.classify.folding import MAX_CHARACTERS
from intent.classify.local.choice import rule_for
from intent.classify.local.encoder import Encoder, open_encoder
from intent.classify.local.encoder_input import encoder_input
from intent.classify.local.modelfile import Model, load_model
from intent.classify.local.ngrams import featurise_all
from intent.classify.local.question_head import QuestionHead, load_question_head
from intent.classify.local.rules import rules_version
from intent.classify.local.vocabulary import Sparse
from intent.classify.slots.find import SlotFinder
from intent.classify.slots.tagger import SHIPPED, SlotTagger, load_slot_tagger
from intent.model.decision import DecidedBy, Decision, Versions
from intent.model.errors import OperatorError
from intent.model.message import Message
from intent.model.taxonomy import Taxonomy

CHUNK = 2048
"""Messages that are decided together, at most: the more there are, the more alike in length are
those that share a batch of the encoder.
"""

CHUNK_CHARACTERS = 100_000
"""Characters of messages that are decided together; bounds the memory that one call takes."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What the model made of some messages: n-grams, embeddings of shape (messages, dimensions),
    and the head's raw outputs of shape (messages, outputs).
    """

    grams: Sparse
    embedding: NDArray[np.float32]
    logits: NDArray[np.float32]


class LocalClassifier:
    """Decides with a trained model; implements ``Classifier``."""

    def __init__(
        self,
        model: Model,
        encoder: Encoder | None,
        *,
        taxonomy: Taxonomy | None,
        questions: QuestionHead | None = None,
        tagger: SlotTagger | None = None,
    ) -> None:
        """Use what :meth:`load` has read."""
        description = model.description
        self.model, self.encoder = model, encoder
        self._questions = questions
        self.slots = SlotFinder(tagger, taxonomy.alone if taxonomy else frozenset())
        self._lead = taxonomy is not None and description.lead_threshold is not None
        thresholds = (description.labels, description.thresholds, description.lead_threshold)
        self._rule = rule_for(taxonomy, *thresholds, exclusive=description.exclusive)
        self.versions = Versions(
            description.taxonomy or "none",
            "none",
            f"{model.version}+{rules_version(tagger.version if tagger else '')}",
            model.calibration,
        )

    @classmethod
    def load(
        cls,
        model_dir: Path,
        *,
        taxonomy: Taxonomy | None,
        cache_dir: Path | None,
        encoder: str | None = None,
        threads: int | None = None,
    ) -> LocalClassifier:
        """Read a model and open its encoder.

        Args:
            taxonomy: the taxonomy that the model must belong to; None for a model of any other
                labels.
            cache_dir: where an encoder that torch had to export is kept; None for nowhere.
            encoder: where the encoder's weights lie on this machine; None for where the model found
                them.
            threads: processor threads of the encoder; None lets ONNX Runtime choose.

        Raises:
            OperatorError: the model is missing, damaged, or was trained for another taxonomy; or
                the encoder's weights are not its own.
        """
        model = load_model(model_dir)
        if taxonomy is not None and model.description.labels != taxonomy.names:
            raise OperatorError(
                f"the model in {model_dir} was trained for other labels than the taxonomy "
                f"{taxonomy.name!r}; train it again with `intent train`"
            )
        spec = model.encoder_spec(encoder)
        opened = open_encoder(spec, cache_dir, threads=threads) if spec is not None else None
        questions = load_question_head(model_dir) if taxonomy is not None else None
        tagger = load_slot_tagger(model_dir) or load_slot_tagger(SHIPPED)
        return cls(model, opened, taxonomy=taxonomy, questions=questions, tagger=tagger)

    def classify(self, messages: Sequence[Message]) -> list[Decision]:
        """Decide each message, in order."""
        return [decision for chunk in chunks(messages) for decision in self._decide(chunk)]

    def probabilities(self, messages: Sequence[Message]) -> NDArray[np.float64]:
        """Return calibrated probabilities in [0, 1] of shape (messages, labels), and a last column
        for lead where the model has a lead head.
        """
        return calibrated(self.model, self.logits(messages))

    def logits(self, messages: Sequence[Message]) -> NDArray[np.float32]:
        """Return the head's raw outputs, shape (messages, outputs)."""
        return self._read(messages).logits

    def _read(self, messages: Sequence[Message]) -> _Read:
        numbers = self.model.numbers
        readings = [encoder_input(message) for message in messages]
        features = featurise_all(messages, [reading.text for reading in readings])
        grams = numbers.vocabulary.transform(features)
        product = grams.times(numbers.sparse)
        embedding = np.zeros((len(messages), 0), dtype=np.float32)
        if self.encoder is None:
            return _Read(grams, embedding, product + numbers.bias)
        embedding = self.encoder.encode([reading.encoded for reading in readings])
        encoded = np.array([bool(reading.encoded) for reading in readings])[:, None]
        scale, bias = numbers.alone
        both, alone = product + embedding @ numbers.dense + numbers.bias, product * scale + bias
        logits = np.where(encoded, both, alone)
        return _Read(grams, embedding, logits)

    def _decide(self, messages: Sequence[Message]) -> list[Decision]:
        labels = self.model.description.labels
        read = self._read(messages)
        rows = calibrated(self.model, read.logits).tolist()
        leads = [row[len(labels)] if self._lead else 0.0 for row in rows]
        chosen = [
            self._rule.choose(row[: len(labels)], lead)
            for row, lead in zip(rows, leads, strict=True)
        ]
        slots = self.slots.find(messages, chosen)
        return [
            Decision(
                probabilities=dict(zip(labels, row, strict=False)),
                labels=chosen[number],
                lead_probability=leads[number],
                is_lead=not self._rule.leads.isdisjoint(chosen[number]),
                decided_by=DecidedBy.LOCAL,
                versions=self.versions,
                slots=slots[number],
                question_type=self._question_type(read, number, chosen[number]),
            )
            for number, row in enumerate(rows)
        ]

    def _question_type(self, read: _Read, row: int, labels: Sequence[str]) -> str | None:
        head = self._questions
        if head is None or not head.asks(labels):
            return None
        return head.name(head.probabilities(read.grams, read.embedding, read.logits, row), labels)


def chunks(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """Yield all messages in order, as many at a time as are decided together."""
    start = characters = 0
    for place, message in enumerate(messages):
        # Of a longer text no more than this is read.
        size = min(len(message.text), MAX_CHARACTERS)
        if place - start == CHUNK or characters + size > CHUNK_CHARACTERS:
            yield messages[start:place]
            start, characters = place, 0
        characters += size
    if start < len(messages):
        yield messages[start:]


def calibrated(model: Model, logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Turn raw outputs into calibrated probabilities, shape (rows, outputs)."""
    scaled = logits.astype(np.float64) * model.numbers.slope + model.numbers.offset
    if model.description.exclusive:
        # A lead head never stands beside exclusive labels: our taxonomy allows several.
        shifted = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(scaled, -60.0, 60.0))))
