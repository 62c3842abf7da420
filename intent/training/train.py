"""Trains a local model from labelled texts of any taxonomy: ``intent train``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from intent.classify.choice import Rule, rule_for
from intent.classify.encoder import EncoderSpec
from intent.classify.export import BUNDLED, encoder_folder, encoder_layers, weights_digest
from intent.classify.modelfile import Description, EncoderDescription, Numbers, save_model
from intent.classify.vocabulary import Vocabulary
from intent.errors import OperatorError
from intent.taxonomy import Taxonomy
from intent.training.calibrate import best_f1_threshold, calibration, cheapest_threshold, folds, log_loss, probabilities
from intent.training.data import Example, read_examples
from intent.training.logistic import Linear, fit
from intent.training.rows import Rows, read_rows

Progress = Callable[[str], None]

_STRENGTHS = (5.0, 20.0)


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What a training gave.

    Attributes:
        examples: texts that were trained on.
        labels: names in the order of the model.
        exclusive: whether each text has exactly one label.
        strength: inverse regularisation that was chosen.
        log_loss, base_log_loss: out-of-fold, mean over labels, calibrated; and that of always answering the base rate. In nats.
        macro_f1: out-of-fold or on dev, with the chosen thresholds, in [0, 1].
        lead_f1: likewise for *any lead intent*; None without a lead head.
        judged_on: "dev" or "out-of-fold".
    """

    examples: int
    labels: tuple[str, ...]
    exclusive: bool
    strength: float
    log_loss: float
    base_log_loss: float
    macro_f1: float
    lead_f1: float | None
    judged_on: str


@dataclass(frozen=True, slots=True)
class _Task:
    """Labels and targets: ``targets`` of shape (examples, labels), with a last column for lead under our taxonomy."""

    labels: tuple[str, ...]
    exclusive: bool
    taxonomy: Taxonomy | None

    def targets(self, examples: Sequence[Example]) -> NDArray[np.float64]:
        """Return zeros and ones."""
        rows = [[float(label in example.labels) for label in self.labels] for example in examples]
        if self.taxonomy is not None:
            for row, example in zip(rows, examples, strict=True):
                row.append(float(not self.taxonomy.leads.isdisjoint(example.labels)))
        return np.array(rows)


def train(
    data: Path, dev: Path | None, out: Path, *, encoder: str | None = None, taxonomy: Taxonomy | None = None, cache_dir: Path, progress: Progress
) -> TrainingReport:
    """Train a model and write its files to ``out``.

    Args:
        data: labelled texts, JSONL.
        dev: labelled texts for the thresholds; None takes the out-of-fold probabilities of ``data`` instead.
        encoder: "bundled" (the default), a folder, or a name on the Hugging Face hub.
        taxonomy: makes a model of our taxonomy if the data uses no other labels; with others, they become a taxonomy of their own.
        cache_dir: where the exported encoder is kept.
        progress: told one line at each step.

    Raises:
        OperatorError: the data cannot be read or has fewer than two labels, or the encoder is not to be had.
    """
    examples = read_examples(data)
    judges = read_examples(dev) if dev is not None else None
    task = _task(examples, taxonomy)
    progress(f"{len(examples)} texts, {len(task.labels)} labels, {'one' if task.exclusive else 'one or several'} a text")
    spec = _encoder_spec(encoder or BUNDLED)
    rows, targets = read_rows(examples, spec, cache_dir), task.targets(examples)
    progress("texts embedded")
    strength, logits = _cross_fit(rows, targets, folds([example.group for example in examples]), exclusive=task.exclusive)
    slope, offset = calibration(logits, targets, exclusive=task.exclusive)
    out_of_fold = probabilities(logits, slope, offset, exclusive=task.exclusive)
    progress(f"cross-fitted, strength {strength:g}, log-loss {log_loss(out_of_fold, targets):.4f}")
    vocabulary = rows.vocabulary()
    head = fit(rows.matrix(vocabulary), targets, strength=strength, exclusive=task.exclusive)
    if judges is not None:
        judge_targets = task.targets(judges)
        judge_logits = head.logits(read_rows(judges, spec, cache_dir).matrix(vocabulary))
        judged = probabilities(judge_logits, slope, offset, exclusive=task.exclusive)
    else:
        judged, judge_targets = out_of_fold, targets
    rule = _rule(task, judged, judge_targets)
    save_model(out, _description(task, rule, spec, vocabulary), _numbers(vocabulary, head, slope, offset))
    progress(f"written to {out}")
    macro, lead = _scores(task, rule, judged, judge_targets)
    base = np.broadcast_to(targets.mean(axis=0), targets.shape)
    return TrainingReport(
        examples=len(examples),
        labels=task.labels,
        exclusive=task.exclusive,
        strength=strength,
        log_loss=log_loss(out_of_fold, targets),
        base_log_loss=log_loss(base, targets),
        macro_f1=macro,
        lead_f1=lead,
        judged_on="dev" if judges is not None else "out-of-fold",
    )


def _task(examples: Sequence[Example], taxonomy: Taxonomy | None) -> _Task:
    seen = {label for example in examples for label in example.labels}
    if taxonomy is not None and seen <= set(taxonomy.names):
        return _Task(taxonomy.names, exclusive=False, taxonomy=taxonomy)
    if len(seen) < 2:
        raise OperatorError(f"the data has the one label {next(iter(seen))!r}; a model needs at least two to tell apart")
    return _Task(tuple(sorted(seen)), exclusive=all(len(example.labels) == 1 for example in examples), taxonomy=None)


def _encoder_spec(name: str) -> EncoderSpec:
    folder = encoder_folder(name)
    return EncoderSpec(name, weights_digest(folder), encoder_layers(folder))


def _cross_fit(rows: Rows, targets: NDArray[np.float64], part: NDArray[np.int64], *, exclusive: bool) -> tuple[float, NDArray[np.float64]]:
    """Return the strength with the least out-of-fold log-loss, and its out-of-fold logits of shape (texts, outputs)."""
    logits = {strength: np.zeros_like(targets) for strength in _STRENGTHS}
    for fold_number in np.unique(part):
        held_out = part == fold_number
        kept = rows.only(~held_out)
        vocabulary = kept.vocabulary()
        matrix, held_matrix = kept.matrix(vocabulary), rows.only(held_out).matrix(vocabulary)
        for strength in _STRENGTHS:
            logits[strength][held_out] = fit(matrix, targets[~held_out], strength=strength, exclusive=exclusive).logits(held_matrix)

    def loss(strength: float) -> float:
        slope, offset = calibration(logits[strength], targets, exclusive=exclusive)
        return log_loss(probabilities(logits[strength], slope, offset, exclusive=exclusive), targets)

    best = min(_STRENGTHS, key=loss)
    return best, logits[best]


def _rule(task: _Task, judged: NDArray[np.float64], truth: NDArray[np.float64]) -> Rule:
    thresholds = tuple(best_f1_threshold(judged[:, column], truth[:, column]) for column in range(len(task.labels)))
    lead = None
    if task.taxonomy is not None:
        costs = task.taxonomy.costs
        lead = cheapest_threshold(judged[:, -1], truth[:, -1], missed=costs.missed_lead, false=costs.false_lead)
    return rule_for(task.taxonomy, task.labels, thresholds, lead, exclusive=task.exclusive)


def _description(task: _Task, rule: Rule, spec: EncoderSpec, vocabulary: Vocabulary) -> Description:
    return Description(
        taxonomy=task.taxonomy.version if task.taxonomy is not None else None,
        labels=task.labels,
        exclusive=task.exclusive,
        encoder=EncoderDescription(name=spec.name, sha256=spec.sha256, layers=spec.layers),
        scales=vocabulary.scales,
        thresholds=rule.thresholds,
        lead_threshold=rule.lead_threshold,
    )


def _numbers(vocabulary: Vocabulary, head: Linear, slope: NDArray[np.float32], offset: NDArray[np.float32]) -> Numbers:
    columns = len(vocabulary.known)
    return Numbers(vocabulary, head.weights[:columns], head.weights[columns:], head.bias, slope, offset)


def _scores(task: _Task, rule: Rule, judged: NDArray[np.float64], truth: NDArray[np.float64]) -> tuple[float, float | None]:
    """Return macro-F1 over the labels that occur, and lead-F1, of the rule's choices."""
    count = len(task.labels)
    chosen = [rule.choose(row[:count], row[-1]) for row in judged.tolist()]
    picked = np.array([[label in labels for label in task.labels] for labels in chosen])
    scores = [_f1(picked[:, column], truth[:, column] > 0.5) for column in range(count) if truth[:, column].any()]
    lead = None
    if task.taxonomy is not None:
        leads = np.array([not task.taxonomy.leads.isdisjoint(labels) for labels in chosen])
        lead = _f1(leads, truth[:, -1] > 0.5)
    return float(np.mean(scores)), lead


def _f1(chosen: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float(2 * (chosen & truth).sum() / max(chosen.sum() + truth.sum(), 1))
