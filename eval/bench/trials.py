"""Tries ways to fit the local model: each recipe is judged on dev at its cost, alone and blended
with the n-grams.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.special
from numpy.typing import NDArray

from eval.bench.local import scores
from eval.bench.recipes import RECIPES, SHIPPED, Fitting, Floats, Material, Print
from eval.measure.classification import average_precision, log_loss
from intent.classify.local.choice import Rule, rule_for
from intent.model.taxonomy import Taxonomy
from intent.statistics.rooms import mean
from intent.training.adapt import AdapterRecipe
from intent.training.calibrate import blend, folds
from intent.training.logistic import fit
from intent.training.recipes import GRAM_STRENGTH

FOLDS = 5
THRESHOLDS = (0.4, 0.5)
"""Labels and leads are chosen from these probabilities on: no recipe has had thresholds fitted for
it.
"""


@dataclass(frozen=True, slots=True)
class Tried:
    """How a recipe did on dev.

    Attributes:
        layers: of the encoder that would run in production; its time is in proportion.
        seconds: of processor time that fitting took, over all threads.
        alone, blended: macro-F1, lead F1 and average precision for lead, in [0, 1].
        loss: log-loss, mean over labels, blended, in nats.
        difference, error: of that loss from the shipped recipe's, and its standard error over
            rooms; below zero is better.
    """

    name: str
    layers: int
    seconds: float
    alone: tuple[float, float, float]
    blended: tuple[float, float, float]
    loss: float
    difference: float
    error: float


def try_recipes(
    material: Material,
    taxonomy: Taxonomy,
    names: Sequence[str],
    base: AdapterRecipe,
    say: Print,
    kept: Path | None = None,
) -> list[Tried]:
    """Fit recipes one after the other, the shipped one first, and return how each did.

    Each label's logits are calibrated, and blended with those of the n-grams, by weights that are
    cross-fitted on dev by room.

    Args:
        kept: folder in which each recipe's logits are kept, so that a comparison that was cut short
            goes on where it was.
    """
    vocabulary = material.train_rows.vocabulary()
    head = fit(
        material.train_rows.matrix(vocabulary),
        material.train_targets,
        strength=GRAM_STRENGTH,
        exclusive=False,
    )
    grams = head.logits(material.dev_rows.matrix(vocabulary))
    rooms = np.unique([example.group for example in material.dev], return_inverse=True)[1]
    part = folds([example.group for example in material.dev], FOLDS)
    rule = rule_for(
        taxonomy,
        taxonomy.names,
        (THRESHOLDS[0],) * len(taxonomy.names),
        THRESHOLDS[1],
        exclusive=False,
    )
    nothing, truth = np.zeros_like(grams), material.dev_targets
    tried: list[Tried] = []
    reference = np.zeros(len(truth))
    for name in (SHIPPED, *(name for name in names if name != SHIPPED)):
        layers, run = RECIPES[name]
        logits, seconds = _fitted(name, run, material, base, say, kept)
        alone, both = (_blended(first, logits, truth, part) for first in (nothing, grams))
        losses = log_loss(truth[:, :-1] > 0.5, both[:, :-1])
        if name == SHIPPED:
            reference = losses
        apart = mean(losses - reference, rooms)
        quality = [_quality(chances, truth, rule, taxonomy) for chances in (alone, both)]
        tried.append(
            Tried(
                name,
                layers,
                seconds,
                quality[0],
                quality[1],
                float(losses.mean()),
                apart.value,
                apart.error,
            )
        )
        say(line(tried[-1]))
    return tried


def _fitted(
    name: str, run: Fitting, material: Material, base: AdapterRecipe, say: Print, kept: Path | None
) -> tuple[Floats, float]:
    """Return logits of dev and the processor seconds that they took, from the folder if they were
    kept there for the same data.
    """
    told = [
        repr(base),
        *material.train_rows.encoded,
        *material.dev_rows.encoded,
        repr(material.train_targets.tolist()),
    ]
    about = hashlib.sha256("\n".join([name, *told]).encode()).hexdigest()[:16]
    path = kept / f"{about}.npz" if kept is not None else None
    if path is not None and path.exists():
        with np.load(path) as found:
            return found["logits"], float(found["seconds"])
    say(f"{name} …")
    began = time.process_time()
    logits = run(material, base, say)
    seconds = time.process_time() - began
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, logits=logits, seconds=seconds)
    return logits, seconds


def line(tried: Tried) -> str:
    """Return one row of the Markdown table."""
    cells = " | ".join(f"{value:.3f}" for value in (*tried.alone, *tried.blended, tried.loss))
    return (
        f"| {tried.name} | {tried.layers} | {tried.seconds:.0f} | {cells} | "
        f"{tried.difference:+.4f} ± {tried.error:.4f} |"
    )


HEADER = (
    "| recipe | layers | processor s | macro-F1 alone | lead F1 | AP | macro-F1 blended | lead F1 "
    "| AP | log-loss | difference |",
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
)


def _blended(first: Floats, second: Floats, truth: Floats, part: NDArray[np.int64]) -> Floats:
    chances = np.zeros_like(truth)
    for number in np.unique(part):
        kept, held = part != number, part == number
        mix = blend(first[kept], second[kept], truth[kept])
        chances[held] = scipy.special.expit(
            first[held] * mix[:, 0] + second[held] * mix[:, 1] + mix[:, 2]
        )
    return chances


def _quality(
    chances: Floats, truth: Floats, rule: Rule, taxonomy: Taxonomy
) -> tuple[float, float, float]:
    labels = [rule.choose(row[:-1], row[-1]) for row in chances.tolist()]
    chosen = np.array(
        [
            [*(name in some for name in taxonomy.names), not taxonomy.leads.isdisjoint(some)]
            for some in labels
        ]
    )
    ranked = average_precision(truth[:, -1] > 0.5, chances[:, -1], np.ones((1, len(truth))))
    return *scores(chosen, truth), float(ranked[0])
