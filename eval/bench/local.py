"""Speed and quality of the local model, side by side with the usual ways to classify with the same encoder."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.bench.peers import PlainPeer, SetFitPeer
from intent.classify.cache import CachedClassifier
from intent.classify.local import LocalClassifier
from intent.classify.ngrams import featurise
from intent.classify.reading import read
from intent.classify.slots import find_slots
from intent.decision import Decision
from intent.message import Message
from intent.taxonomy import Taxonomy
from intent.training.data import Example

Print = Callable[[str], None]
BATCH = 256
"""Messages handed over at once: what a worker takes."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of the comparison.

    Attributes:
        data, system: what was classified, by what.
        rate: messages a second.
        ratio: of the plain peer's rate on the same data.
        processor: processor seconds for a thousand messages, over all threads; steadier than the rate on a machine that others use too.
        macro_f1, lead_f1: in [0, 1], or None where the data has no labels.
        from_cache: share of messages that the cache answered.
    """

    data: str
    system: str
    rate: float
    ratio: float
    processor: float
    macro_f1: float | None = None
    lead_f1: float | None = None
    from_cache: float = 0.0


def bench_local(
    data: Mapping[str, Sequence[Message]],
    ours: LocalClassifier,
    taxonomy: Taxonomy,
    *,
    train: Sequence[Example],
    labelled: Mapping[str, Sequence[Example]],
    say: Print = print,
) -> list[Measured]:
    """Classify each set of messages with the plain peer, SetFit and ours; print and return one line for each.

    Args:
        data: messages without labels by name; each is run as it is, repetitions included.
        train: what the peers' heads are fitted on.
        labelled: like ``data``, with labels to score against.
    """
    peer = PlainPeer([example.message.text for example in train], targets(train, taxonomy))
    setfit = SetFitPeer(peer)
    rows: list[Measured] = []
    say(f"{'data':24s} {'system':26s} {'msg/s':>8s} {'ratio':>6s} {'cpu s/1k':>8s} {'macro-F1':>9s} {'lead-F1':>8s} {'cache':>6s}")
    for name, messages in [*data.items(), *((name, [example.message for example in examples]) for name, examples in labelled.items())]:
        truth = targets(labelled[name], taxonomy) if name in labelled else None
        texts = [message.text for message in messages]
        base = _peer_row(name, "(a) encode + scikit-learn", peer.probabilities, texts, truth, 0.0)
        rows += [base, _peer_row(name, "(b) SetFit predict", setfit.probabilities, texts, truth, base.rate)]
        rows += _ours(name, messages, ours, taxonomy, truth, base.rate)
        for row in rows[-4:]:
            say(line(row))
        stages(messages, ours, say)
    return rows


def targets(examples: Sequence[Example], taxonomy: Taxonomy) -> NDArray[np.float64]:
    """Return zeros and ones of shape (examples, labels + 1); the last column is lead."""
    rows = [[*(name in example.labels for name in taxonomy.names), not taxonomy.leads.isdisjoint(example.labels)] for example in examples]
    return np.array(rows, dtype=np.float64)


def _peer_row(
    name: str, system: str, run: Callable[[Sequence[str]], NDArray[np.float64]], texts: Sequence[str], truth: NDArray[np.float64] | None, base: float
) -> Measured:
    run(texts[:BATCH])
    began, busy = time.perf_counter(), time.process_time()
    found = run(texts)
    rate, busy = len(texts) / (time.perf_counter() - began), time.process_time() - busy
    macro, lead = (None, None) if truth is None else scores(_argmax_too(found), truth)
    return Measured(name, system, rate, rate / base if base else 1.0, 1e3 * busy / len(texts), macro, lead)


def _argmax_too(chances: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Choose every output from one half on, and the likeliest label in any case."""
    chosen = chances >= 0.5
    chosen[np.arange(len(chances)), chances[:, :-1].argmax(axis=1)] = True
    return chosen


def _ours(
    name: str, messages: Sequence[Message], ours: LocalClassifier, taxonomy: Taxonomy, truth: NDArray[np.float64] | None, base: float
) -> list[Measured]:
    rows = []
    for system, cache in (("(c) ours, no cache", 0), ("(c) ours", 100_000)):
        classifier = CachedClassifier(ours, capacity=cache, versions="bench") if cache else ours
        ours.classify(messages[:BATCH])
        began, busy = time.perf_counter(), time.process_time()
        decisions: list[Decision] = []
        for start in range(0, len(messages), BATCH):
            decisions += classifier.classify(messages[start : start + BATCH])
        rate, busy = len(messages) / (time.perf_counter() - began), time.process_time() - busy
        macro, lead = (None, None) if truth is None else scores(chosen_labels(decisions, taxonomy), truth)
        rows.append(
            Measured(
                name, system, rate, rate / base, 1e3 * busy / len(messages), macro, lead, sum(one.from_cache for one in decisions) / len(decisions)
            )
        )
    return rows


def chosen_labels(decisions: Sequence[Decision], taxonomy: Taxonomy) -> NDArray[np.bool_]:
    """Return what was chosen in the shape of :func:`targets`."""
    return np.array([[*(name in decision.labels for name in taxonomy.names), decision.is_lead] for decision in decisions], dtype=np.bool_)


def scores(chosen: NDArray[np.bool_], truth: NDArray[np.float64]) -> tuple[float, float]:
    """Return macro-F1 over the labels and F1 of lead."""
    right = truth > 0.5
    each = 2 * (chosen & right).sum(axis=0) / np.maximum(chosen.sum(axis=0) + right.sum(axis=0), 1)
    return float(each[:-1].mean()), float(each[-1])


def stages(messages: Sequence[Message], ours: LocalClassifier, say: Print) -> None:
    """Print where our time goes, without the cache: microseconds a message for each stage."""
    times: dict[str, float] = {}

    def timed(stage: str, began: float) -> None:
        times[stage] = times.get(stage, 0.0) + time.perf_counter() - began

    empty = 0
    for start in range(0, len(messages), BATCH):
        batch = messages[start : start + BATCH]
        began = time.perf_counter()
        readings = [read(message, ours.glossary) for message in batch]
        timed("read", began)
        began = time.perf_counter()
        features = [featurise(message, reading.text, reading.english) for message, reading in zip(batch, readings, strict=True)]
        ours.model.numbers.vocabulary.transform(features).times(ours.model.numbers.sparse)
        timed("n-grams", began)
        began = time.perf_counter()
        if ours.encoder is not None:
            ours.encoder.encode([reading.encoded for reading in readings])
        timed("encoder", began)
        began = time.perf_counter()
        for message in batch:
            find_slots(message.text)
        timed("slots", began)
        empty += sum(not reading.encoded for reading in readings)
    parts = ", ".join(f"{stage} {1e6 * seconds / len(messages):.0f}" for stage, seconds in times.items())
    say(f"{'':24s} stages, µs a message: {parts}; settled without the encoder: {empty / len(messages):.1%}")


def line(row: Measured) -> str:
    """Return one line of the table."""
    macro, lead = (f"{value:.3f}" if value is not None else "-" for value in (row.macro_f1, row.lead_f1))
    return f"{row.data:24s} {row.system:26s} {row.rate:8.0f} {row.ratio:6.2f} {row.processor:8.2f} {macro:>9s} {lead:>8s} {row.from_cache:6.1%}"
