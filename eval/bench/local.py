"""Speed and quality of the local model, side by side with the usual ways to classify with the same
encoder.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from eval.bench.peers import PlainPeer
from eval.bench.setfit_peer import SetFitPeer
from intent.classify.cache import CachedClassifier, remembered_as
from intent.classify.local.classifier import LocalClassifier
from intent.classify.local.encoder_input import encoder_input
from intent.classify.local.ngrams import featurise_all
from intent.model.decision import Decision
from intent.model.message import Message, parse_message, wire
from intent.model.taxonomy import Taxonomy
from intent.operations.classify import decision_json
from intent.training.data import Example

Print = Callable[[str], None]
BATCH = 256
"""Messages handed over at once: what a worker takes."""

PEERS = ("(a) encode + scikit-learn", "(a) the whole file at once")
"""The plain peer as a worker would use it, and as it is quickest: it sorts by length what it is
given.
"""


@dataclass(frozen=True, slots=True)
class SystemSpeed:
    """One line of the comparison.

    Attributes:
        data, system: what was classified, by what.
        rate: messages a second.
        ratio: of the rate of the plain peer's quicker form on the same data.
        processor: processor seconds for a thousand messages, over all threads; steadier than the
            rate on a machine that others use too.
        processor_ratio: how many times as much the plain peer takes, in the form that takes less.
        macro_f1, lead_f1: in [0, 1], or None where the data has no labels.
        from_cache: share of messages that the cache answered.
    """

    data: str
    system: str
    rate: float
    ratio: float
    processor: float
    processor_ratio: float
    macro_f1: float | None = None
    lead_f1: float | None = None
    from_cache: float = 0.0


def bench_local(
    data: Mapping[str, Sequence[Message]],
    ours: LocalClassifier,
    taxonomy: Taxonomy,
    *,
    peer: PlainPeer,
    labelled: Mapping[str, Sequence[Example]],
    say: Print = print,
) -> list[SystemSpeed]:
    """Classify each set of messages with the plain peer, SetFit and ours; print and return one line
    for each.

    Args:
        data: messages without labels by name; each is run as it is, repetitions included.
        labelled: like ``data``, with labels to score against.
    """
    setfit = SetFitPeer(peer)
    rows: list[SystemSpeed] = []
    say(
        f"{'data':24s} {'system':26s} {'msg/s':>8s} {'ratio':>6s} {'cpu s/1k':>8s} {'ratio':>6s} "
        f"{'macro-F1':>9s} {'lead-F1':>8s} {'cache':>6s}"
    )
    for name, messages in [
        *data.items(),
        *((name, [example.message for example in examples]) for name, examples in labelled.items()),
    ]:
        truth = targets(labelled[name], taxonomy) if name in labelled else None
        systems = _run_all(messages, peer, setfit, ours)
        base = [system for system in systems if system.system in PEERS]
        measured = [system.measured(name, taxonomy, truth, base) for system in systems]
        for row in measured:
            say(line(row))
        stages(messages, ours, say)
        say(f"{'':24s} settled by: {_shares(messages, systems[-1].decisions)}")
        rows += measured
    return rows


@dataclass(slots=True)
class _Run:
    """One system at work: what it decided so far, and how long that took."""

    system: str
    classify: Callable[[Sequence[Message]], list[Decision] | NDArray[np.bool_]]
    decisions: list[Decision] = field(default_factory=list)
    chosen: list[NDArray[np.bool_]] = field(default_factory=list)
    seconds: float = 0.0
    processor: float = 0.0
    count: int = 0

    def take(self, messages: Sequence[Message]) -> None:
        """Classify a batch, and time it."""
        began, busy = time.perf_counter(), time.process_time()
        found = self.classify(messages)
        self.seconds += time.perf_counter() - began
        self.processor += time.process_time() - busy
        self.count += len(messages)
        if isinstance(found, list):
            self.decisions += found
        else:
            self.chosen.append(found)

    def measured(
        self, data: str, taxonomy: Taxonomy, truth: NDArray[np.float64] | None, base: Sequence[_Run]
    ) -> SystemSpeed:
        """Return the line of the table; the best of ``base`` is what ratios are taken to."""
        macro = lead = None
        if truth is not None:
            macro, lead = scores(
                chosen_labels(self.decisions, taxonomy)
                if self.decisions
                else np.vstack(self.chosen),
                truth,
            )
        cached = sum(one.from_cache for one in self.decisions) / self.count
        return SystemSpeed(
            data,
            self.system,
            self.count / self.seconds,
            min(one.seconds for one in base) / self.seconds,
            1e3 * self.processor / self.count,
            min(one.processor for one in base) / self.processor,
            macro,
            lead,
            cached,
        )


def _run_all(
    messages: Sequence[Message], peer: PlainPeer, setfit: SetFitPeer, ours: LocalClassifier
) -> list[_Run]:
    """Classify with every system, and return what each did."""
    by_turns = [
        _Run(PEERS[0], _by_peer(peer.probabilities)),
        _Run("(b) SetFit predict", _by_peer(setfit.probabilities)),
        _Run("(c) ours, no cache", ours.classify),
        _Run("(c) ours", _cached(ours)),
    ]
    whole = [
        _Run(PEERS[1], _by_peer(peer.probabilities)),
        _Run("(c) ours, whole file", _cached(ours)),
    ]
    ours.classify(messages[:BATCH])
    peer.probabilities([message.text for message in messages[:BATCH]])
    # Taking turns, batch by batch: what else the machine does then hits all alike.
    for start in range(0, len(messages), BATCH):
        for system in by_turns:
            system.take(messages[start : start + BATCH])
    for system in whole:
        system.take(messages)
    return [*by_turns, *whole]


def _cached(ours: LocalClassifier) -> Callable[[Sequence[Message]], list[Decision]]:
    return CachedClassifier(ours, ours.slots, capacity=100_000).classify


def _by_peer(
    run: Callable[[Sequence[str]], NDArray[np.float64]],
) -> Callable[[Sequence[Message]], NDArray[np.bool_]]:
    return lambda messages: _argmax_too(run([message.text for message in messages]))


def _shares(messages: Sequence[Message], decisions: Sequence[Decision]) -> str:
    """Say which share of the messages each stage settled, in words."""
    cached = sum(decision.from_cache for decision in decisions)
    bare = sum(
        not encoder_input(one).encoded
        for one, decision in zip(messages, decisions, strict=True)
        if not decision.from_cache
    )
    counts = {
        "cache": cached,
        "n-grams alone": bare,
        "n-grams and encoder": len(messages) - cached - bare,
    }
    return ", ".join(f"{stage} {count / len(messages):.1%}" for stage, count in counts.items())


def targets(examples: Sequence[Example], taxonomy: Taxonomy) -> NDArray[np.float64]:
    """Return zeros and ones of shape (examples, labels + 1); the last column is lead."""
    rows = [
        [
            *(name in example.labels for name in taxonomy.names),
            not taxonomy.leads.isdisjoint(example.labels),
        ]
        for example in examples
    ]
    return np.array(rows, dtype=np.float64)


def _argmax_too(chances: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Choose every output from one half on, and the likeliest label in any case."""
    chosen = chances >= 0.5
    chosen[np.arange(len(chances)), chances[:, :-1].argmax(axis=1)] = True
    return chosen


def chosen_labels(decisions: Sequence[Decision], taxonomy: Taxonomy) -> NDArray[np.bool_]:
    """Return what was chosen in the shape of :func:`targets`."""
    return np.array(
        [
            [*(name in decision.labels for name in taxonomy.names), decision.is_lead]
            for decision in decisions
        ],
        dtype=np.bool_,
    )


def scores(chosen: NDArray[np.bool_], truth: NDArray[np.float64]) -> tuple[float, float]:
    """Return macro-F1 over the labels and F1 of lead."""
    right = truth > 0.5
    each = 2 * (chosen & right).sum(axis=0) / np.maximum(chosen.sum(axis=0) + right.sum(axis=0), 1)
    return float(each[:-1].mean()), float(each[-1])


def stages(messages: Sequence[Message], ours: LocalClassifier, say: Print) -> None:
    """Print where our time goes, without the cache: microseconds of processor time a message for
    each stage, and what the command line adds to them.
    """
    times: dict[str, float] = {}

    def timed(stage: str, began: float) -> None:
        times[stage] = times.get(stage, 0.0) + time.process_time() - began

    for start in range(0, len(messages), BATCH):
        batch = messages[start : start + BATCH]
        stored = [wire(message) for message in batch]
        began = time.process_time()
        for one in stored:
            parse_message(one)
        timed("parse", began)
        began = time.process_time()
        for message in batch:
            remembered_as(message)
        timed("cache key", began)
        began = time.process_time()
        readings = [encoder_input(message) for message in batch]
        timed("read", began)
        began = time.process_time()
        features = featurise_all(batch, [reading.text for reading in readings])
        ours.model.numbers.vocabulary.transform(features).times(ours.model.numbers.sparse)
        timed("n-grams", began)
        began = time.process_time()
        if ours.encoder is not None:
            ours.encoder.encode([reading.encoded for reading in readings])
        timed("encoder", began)
        decisions = ours.classify(batch)
        began = time.process_time()
        ours.slots.find(batch, [decision.labels for decision in decisions])
        timed("slots", began)
        began = time.process_time()
        for message, decision in zip(batch, decisions, strict=True):
            json.dumps(decision_json(message, decision), ensure_ascii=False)
        timed("JSON", began)
    parts = ", ".join(
        f"{stage} {1e6 * seconds / len(messages):.0f}" for stage, seconds in times.items()
    )
    say(f"{'':24s} without the cache, processor µs a message: {parts}")


def line(row: SystemSpeed) -> str:
    """Return one line of the table."""
    macro, lead = (
        f"{value:.3f}" if value is not None else "-" for value in (row.macro_f1, row.lead_f1)
    )
    return (
        f"{row.data:24s} {row.system:26s} {row.rate:8.0f} {row.ratio:6.2f} "
        f"{row.processor:8.2f} {row.processor_ratio:6.2f} {macro:>9s} {lead:>8s} "
        f"{row.from_cache:6.1%}"
    )
