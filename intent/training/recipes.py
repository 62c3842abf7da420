"""The ways to fit a model: a linear head on a frozen encoder, or one blended with an encoder that
was fine-tuned for the task.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from intent.classify.local.encoder import EncoderSpec, adapted, measured_spreads, open_encoder
from intent.classify.local.modelfile import Numbers
from intent.classify.local.weights import BUNDLED, SPREADS, shipped_encoder
from intent.training.adapt import AdapterRecipe, adapt
from intent.training.calibrate import blend, calibration, log_loss, probabilities
from intent.training.encoder_folder import folder_of
from intent.training.logistic import fit
from intent.training.pack import some
from intent.training.rows import Rows

Progress = Callable[[str], None]

_STRENGTHS = (5.0, 20.0)
_DENSE_SCALE = 4.0
"""Length of an unchanged embedding beside the n-grams, which have one each; at 1 they drown it
(five texts for each of 21 intents: 0.77 right instead of 0.85).
"""

GRAM_STRENGTH = 20.0
"""Inverse regularisation of the n-grams beside a fine-tuned encoder; between 10 and 30 nothing
changes by more than noise.
"""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted model and how it did on what it had not seen.

    Attributes:
        out_of_fold: calibrated probabilities of the training texts, each from a model that was
            fitted without its group; shape (texts, outputs).
        changes: to the encoder's weights, or None.
    """

    numbers: Numbers
    out_of_fold: NDArray[np.float64]
    changes: dict[str, NDArray[np.float16]] | None


@dataclass(frozen=True, slots=True)
class Material:
    """What is fitted: texts, targets of shape (texts, outputs), and the fold of each text, shape
    (texts,).
    """

    rows: Rows
    targets: NDArray[np.float64]
    part: NDArray[np.int64]
    exclusive: bool


def fit_frozen(
    material: Material, spec: EncoderSpec, cache_dir: Path | None, progress: Progress
) -> Fitted:
    """Fit one head on n-grams and the embeddings of the encoder as it is."""
    rows, targets, exclusive = material.rows, material.targets, material.exclusive
    raw = open_encoder(spec, cache_dir).encode(rows.encoded)
    middle, scale = _spread(raw)
    embeddings = (raw - middle) * scale
    progress("texts embedded")
    logits = {strength: np.zeros_like(targets) for strength in _STRENGTHS}
    for held_out in _held_out(material):
        kept = rows.only(~held_out)
        vocabulary = kept.vocabulary()
        matrix = kept.matrix(vocabulary, embeddings[~held_out])
        other = rows.only(held_out).matrix(vocabulary, embeddings[held_out])
        for strength in _STRENGTHS:
            logits[strength][held_out] = fit(
                matrix, targets[~held_out], strength=strength, exclusive=exclusive
            ).logits(other)

    def loss(strength: float) -> float:
        slope, offset = calibration(logits[strength], targets, exclusive=exclusive)
        return log_loss(
            probabilities(logits[strength], slope, offset, exclusive=exclusive), targets
        )

    best = min(_STRENGTHS, key=loss)
    progress(f"cross-fitted, strength {best:g}, log-loss {loss(best):.4f}")
    slope, offset = calibration(logits[best], targets, exclusive=exclusive)
    vocabulary = rows.vocabulary()
    head = fit(rows.matrix(vocabulary, embeddings), targets, strength=best, exclusive=exclusive)
    columns = len(vocabulary.known)
    dense = head.weights[columns:] * scale
    bias = head.bias - middle @ dense
    numbers = Numbers(
        vocabulary,
        head.weights[:columns],
        dense,
        bias,
        np.stack([np.ones_like(bias), bias]),
        slope,
        offset,
    )
    return Fitted(numbers, probabilities(logits[best], slope, offset, exclusive=exclusive), None)


def _spread(embeddings: NDArray[np.float32]) -> tuple[NDArray[np.float32], np.float32]:
    """Return the mean of embeddings and what brings their distance from it to the scale that they
    have beside n-grams: those of some encoders lie in a narrow cone.
    """
    full = embeddings[np.abs(embeddings).max(axis=1) > 0]
    if not len(full):
        return np.zeros(embeddings.shape[1], np.float32), np.float32(1.0)
    middle = full.mean(axis=0)
    length = np.linalg.norm(full - middle, axis=1).mean()
    return middle, np.float32(_DENSE_SCALE / max(float(length), 1e-6))


def fit_adapted(
    material: Material, spec: EncoderSpec, recipe: AdapterRecipe, progress: Progress
) -> Fitted:
    """Fine-tune the encoder, fit a head on the n-grams, and blend their logits by what each is
    worth out of fold.
    """
    with folder_of(spec.name, recipe.layers) as folder:
        fitted = _fit_adapted(material, folder, recipe, progress)
    if spec.name != BUNDLED or fitted.changes is None:
        return fitted
    found = shipped_encoder(recipe.layers)
    bert, texts = adapted(found.bert, fitted.changes), some(material.rows.encoded)
    spreads = measured_spreads(bert, found.tokenizer, texts, threads=1).astype(np.float16)
    return dataclasses.replace(fitted, changes={**fitted.changes, SPREADS: spreads})


def _fit_adapted(
    material: Material, folder: Path, recipe: AdapterRecipe, progress: Progress
) -> Fitted:
    rows, targets = material.rows, material.targets
    grams, encoded = np.zeros_like(targets), np.zeros_like(targets)
    for number, held_out in enumerate(_held_out(material), 1):
        progress(f"part {number}")
        kept, others = rows.only(~held_out), rows.only(held_out)
        vocabulary = kept.vocabulary()
        head = fit(
            kept.matrix(vocabulary), targets[~held_out], strength=GRAM_STRENGTH, exclusive=False
        )
        grams[held_out] = head.logits(others.matrix(vocabulary))
        encoded[held_out] = adapt(
            folder, kept.encoded, targets[~held_out], recipe, progress, others=others.encoded
        ).others
    mix = blend(grams, encoded, targets)
    blended = 1.0 / (1.0 + np.exp(-(grams * mix[:, 0] + encoded * mix[:, 1] + mix[:, 2])))
    progress(f"cross-fitted, log-loss {log_loss(blended, targets):.4f}")
    vocabulary = rows.vocabulary()
    head = fit(rows.matrix(vocabulary), targets, strength=GRAM_STRENGTH, exclusive=False)
    tuned = adapt(folder, rows.encoded, targets, recipe, progress)
    bias = head.bias * mix[:, 0] + tuned.head.bias * mix[:, 1] + mix[:, 2]
    slope, offset = np.ones(len(mix), dtype=np.float32), np.zeros(len(mix), dtype=np.float32)
    weights = (head.weights * mix[:, 0], tuned.head.weights * mix[:, 1])
    # Signs alone are not encoded: there the n-grams answer as they would without an encoder.
    alone = np.stack([1.0 / np.maximum(mix[:, 0], 1e-3), head.bias])
    numbers = Numbers(
        vocabulary,
        weights[0].astype(np.float32),
        weights[1].astype(np.float32),
        bias.astype(np.float32),
        alone.astype(np.float32),
        slope,
        offset,
    )
    return Fitted(numbers, blended, tuned.changes)


def softened(fitted: Fitted, slope: float, *, exclusive: bool) -> Fitted:
    """Return a model whose calibrated logits are ``slope`` times as large."""
    shares = fitted.out_of_fold**slope
    others = 0.0 if exclusive else (1.0 - fitted.out_of_fold) ** slope
    whole = shares.sum(axis=1, keepdims=True) if exclusive else shares + others
    numbers = dataclasses.replace(
        fitted.numbers,
        slope=fitted.numbers.slope * np.float32(slope),
        offset=fitted.numbers.offset * np.float32(slope),
    )
    return dataclasses.replace(fitted, numbers=numbers, out_of_fold=shares / whole)


def _held_out(material: Material) -> list[NDArray[np.bool_]]:
    return [material.part == number for number in np.unique(material.part)]
