"""Trains a local model from labelled texts of any taxonomy: ``intent train``."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from intent.classify.local.choice import Rule, rule_for
from intent.classify.local.classifier import LocalClassifier
from intent.classify.local.encoder import EncoderSpec
from intent.classify.local.export import encoder_layers
from intent.classify.local.modelfile import Description, EncoderDescription, save_model
from intent.classify.local.weights import (
    BUNDLED,
    SHIPPED_FROM,
    SHIPPED_LAYERS,
    encoder_folder,
    weights_digest,
)
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy
from intent.training.adapt import AdapterRecipe
from intent.training.calibrate import best_f1_threshold, cheapest_threshold, log_loss
from intent.training.data import read_examples
from intent.training.recipes import Fitted, Material, fit_adapted, fit_frozen, softened
from intent.training.rows import read_rows
from intent.training.task import Progress, Task, read_judges, split, task_of

_FOLDS = 5
_ADAPTED_FOLDS = 2
"""Fine-tuning is dear, so it is cross-fitted in fewer parts."""

_ENOUGH = 1500
"""From so many texts on, the encoder is fine-tuned."""


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What a training gave.

    Attributes:
        examples: texts that were trained on.
        labels: names in the order of the model.
        exclusive: whether each text has exactly one label.
        log_loss, base_log_loss: out-of-fold, mean over labels, calibrated; and that of always
            answering the base rate. In nats.
        macro_f1: out-of-fold or on dev, with the chosen thresholds, in [0, 1].
        lead_f1: likewise for *any lead intent*; None without a lead head.
        judged_on: "dev" or "out-of-fold".
    """

    examples: int
    labels: tuple[str, ...]
    exclusive: bool
    log_loss: float
    base_log_loss: float
    macro_f1: float
    lead_f1: float | None
    judged_on: str


def train(
    data: Path,
    dev: Path | None,
    out: Path,
    *,
    further: Sequence[Path] = (),
    slope: float = 1.0,
    encoder: str | None = None,
    taxonomy: Taxonomy | None = None,
    cache_dir: Path | None,
    progress: Progress,
) -> TrainingReport:
    """Train a model and write its files to ``out``.

    Args:
        data: labelled texts, JSONL; ``further`` files are learnt from as well.
        dev: labelled texts for the thresholds; None takes the out-of-fold probabilities of ``data``
            instead.
        slope: what the cross-fitted logits are multiplied by, above 0. Below 1 makes the model less
            sure than it was on texts like its own data: measure it on texts of the kind that it
            will meet (temperature scaling, Guo et al. 2017).
        encoder: "bundled" (the default), a folder, or a name on the Hugging Face hub.
        taxonomy: makes a model of our taxonomy if the data uses no other labels; with others, they
            become a taxonomy of their own.
        cache_dir: where an exported encoder is kept; None for nowhere.
        progress: told one line at each step.

    Raises:
        OperatorError: the data cannot be read or teaches fewer than two labels, dev has none of
            them, ``out`` is no folder, or no encoder is there.
    """
    examples = read_examples(data, *further)
    task = task_of(examples, taxonomy)
    judges = read_judges(dev, task, progress) if dev is not None else None
    progress(
        f"{len(examples)} texts, {len(task.labels)} labels, "
        f"{'one' if task.exclusive else 'one or several'} a text"
    )
    spec, recipe = _encoder_spec(encoder or BUNDLED), _recipe(task, len(examples))
    part = split(examples, task, _FOLDS if recipe is None else _ADAPTED_FOLDS, progress)
    _make_folder(out)
    material = Material(read_rows(examples), task.targets(examples), part, task.exclusive)
    if recipe is None:
        fitted = fit_frozen(material, spec, cache_dir, progress)
    else:
        spec = dataclasses.replace(spec, layers=min(spec.layers, recipe.layers))
        fitted = fit_adapted(material, spec, recipe, progress)
    fitted = softened(fitted, slope, exclusive=task.exclusive)
    judged, truth = fitted.out_of_fold, material.targets
    # Written once before the thresholds are known: dev is judged by the very files that ship.
    _write(out, task, _rule(task, judged, truth), spec, fitted)
    if judges is not None:
        model = LocalClassifier.load(out, taxonomy=task.taxonomy, cache_dir=cache_dir)
        judged, truth = (
            model.probabilities([example.message for example in judges]),
            task.targets(judges),
        )
    rule = _rule(task, judged, truth)
    _write(out, task, rule, spec, fitted)
    progress(f"written to {out}")
    return _report(task, material, fitted, _scores(task, rule, judged, truth), judges is not None)


def _report(
    task: Task,
    material: Material,
    fitted: Fitted,
    scores: tuple[float, float | None],
    on_dev: bool,
) -> TrainingReport:
    macro, lead = scores
    base = np.broadcast_to(material.targets.mean(axis=0), material.targets.shape)
    return TrainingReport(
        examples=len(material.targets),
        labels=task.labels,
        exclusive=task.exclusive,
        log_loss=log_loss(fitted.out_of_fold, material.targets),
        base_log_loss=log_loss(base, material.targets),
        macro_f1=macro,
        lead_f1=lead,
        judged_on="dev" if on_dev else "out-of-fold",
    )


def _make_folder(out: Path) -> None:
    # Before the training, which may take an hour.
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorError(
            f"{out} cannot be made a folder ({error.strerror}); give --out a folder, or a path "
            "where nothing lies yet"
        ) from error


def _recipe(task: Task, count: int) -> AdapterRecipe | None:
    """Return how to fine-tune, or None where the encoder stays as it is: too little data, or labels
    that exclude each other.
    """
    return AdapterRecipe() if count >= _ENOUGH and not task.exclusive else None


def _write(out: Path, task: Task, rule: Rule, spec: EncoderSpec, fitted: Fitted) -> None:
    adapted = fitted.changes is not None
    description = Description(
        taxonomy=task.taxonomy.version if task.taxonomy is not None else None,
        labels=task.labels,
        exclusive=task.exclusive,
        encoder=EncoderDescription(
            name=spec.name, sha256=spec.sha256, layers=spec.layers, adapted=adapted
        ),
        scales=fitted.numbers.vocabulary.scales,
        thresholds=rule.thresholds,
        lead_threshold=rule.lead_threshold,
    )
    try:
        save_model(out, description, fitted.numbers, fitted.changes)
    except OSError as error:
        raise OperatorError(
            f"the model cannot be written to {out} ({error.strerror}); give --out a folder that "
            "can be written to"
        ) from error


def _encoder_spec(name: str) -> EncoderSpec:
    if name == BUNDLED:
        return EncoderSpec(BUNDLED, SHIPPED_FROM, SHIPPED_LAYERS)
    folder = encoder_folder(name)
    return EncoderSpec(name, weights_digest(folder), encoder_layers(folder))


def _rule(task: Task, judged: NDArray[np.float64], truth: NDArray[np.float64]) -> Rule:
    thresholds = tuple(
        best_f1_threshold(judged[:, column], truth[:, column]) for column in range(len(task.labels))
    )
    lead = None
    if task.taxonomy is not None:
        costs = task.taxonomy.costs
        lead = cheapest_threshold(
            judged[:, -1], truth[:, -1], missed=costs.missed_lead, false=costs.false_lead
        )
    return rule_for(task.taxonomy, task.labels, thresholds, lead, exclusive=task.exclusive)


def _scores(
    task: Task, rule: Rule, judged: NDArray[np.float64], truth: NDArray[np.float64]
) -> tuple[float, float | None]:
    """Return macro-F1 over the labels that occur, and lead-F1, of the rule's choices."""
    count = len(task.labels)
    chosen = [rule.choose(row[:count], row[-1]) for row in judged.tolist()]
    picked = np.array([[label in labels for label in task.labels] for labels in chosen])
    scores = [
        _f1(picked[:, column], truth[:, column] > 0.5)
        for column in range(count)
        if truth[:, column].any()
    ]
    lead = None
    if task.taxonomy is not None:
        leads = np.array([not task.taxonomy.leads.isdisjoint(labels) for labels in chosen])
        lead = _f1(leads, truth[:, -1] > 0.5)
    return float(np.mean(scores)), lead


def _f1(chosen: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float(2 * (chosen & truth).sum() / max(chosen.sum() + truth.sum(), 1))
