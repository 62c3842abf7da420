"""The files of a local model: ``model.json`` says what it is, ``head.safetensors`` holds its
numbers; nothing in them can run.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from intent.classify.local.encoder import EncoderSpec
from intent.classify.local.vocabulary import Vocabulary
from intent.model.errors import OperatorError

DESCRIPTION = "model.json"
NUMBERS = "head.safetensors"
ADAPTER = "adapter.safetensors"


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EncoderDescription(_Data):
    """Which encoder the head was fitted on."""

    name: str
    sha256: str
    layers: int
    adapted: bool = False


class Description(_Data):
    """What a model is.

    Attributes:
        taxonomy: version of the taxonomy that it was trained for, or None for labels of its own.
        exclusive: one label a text (probabilities sum to one) instead of one or several.
        thresholds: a label is chosen from this calibrated probability on.
        lead_threshold: likewise for *any lead intent*; None without a lead head.
    """

    format: Literal[2] = 2
    taxonomy: str | None
    labels: tuple[str, ...] = Field(min_length=1)
    exclusive: bool
    encoder: EncoderDescription | None
    scales: tuple[float, ...]
    thresholds: tuple[float, ...]
    lead_threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Numbers:
    """The arrays of a model; outputs are its labels, followed by *lead* where there is a lead head.

    Attributes:
        vocabulary: known n-grams.
        sparse: weights of the n-grams, shape (columns, outputs).
        dense: weights of the embedding, shape (dimensions, outputs), or no rows without an encoder.
        bias: shape (outputs,).
        alone: what the product of n-grams and weights is multiplied by where nothing of a text is
            encoded, and the bias there, shape (2, outputs).
        slope, offset: calibration, probability = f(slope · logit + offset), shape (outputs,).
    """

    vocabulary: Vocabulary
    sparse: NDArray[np.float32]
    dense: NDArray[np.float32]
    bias: NDArray[np.float32]
    alone: NDArray[np.float32]
    slope: NDArray[np.float32]
    offset: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Model:
    """A model as loaded; ``version`` and ``calibration`` are hashes of its content, stored with
    every decision.
    """

    description: Description
    numbers: Numbers
    version: str
    calibration: str
    adapter: Path | None

    def encoder_spec(self, name: str | None = None) -> EncoderSpec | None:
        """Return the encoder that the model needs; ``name`` says where the same weights lie on this
        machine.
        """
        needed = self.description.encoder
        return (
            EncoderSpec(name or needed.name, needed.sha256, needed.layers, self.adapter)
            if needed
            else None
        )


def save_model(
    folder: Path,
    description: Description,
    numbers: Numbers,
    changes: dict[str, NDArray[np.float16]] | None = None,
) -> None:
    """Write a model, and the ``changes`` to its encoder's weights if there are any; the same model
    gives the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if changes is not None:
        save_changes(folder / ADAPTER, changes)
    else:
        (folder / ADAPTER).unlink(missing_ok=True)
    tensors = {
        "known": numbers.vocabulary.known,
        "rarity": numbers.vocabulary.rarity.astype(np.float16),
        "sparse": numbers.sparse.astype(np.float16),
        "dense": numbers.dense,
        "bias": numbers.bias,
        "alone": numbers.alone,
        "slope": numbers.slope,
        "offset": numbers.offset,
    }
    (folder / NUMBERS).write_bytes(
        save({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()})
    )
    (folder / DESCRIPTION).write_text(
        description.model_dump_json(indent=1) + "\n", encoding="utf-8"
    )


def save_changes(path: Path, changes: dict[str, NDArray[np.float16]]) -> None:
    """Write low-rank changes to an encoder's weights; equal changes give equal bytes."""
    path.write_bytes(save({name: np.ascontiguousarray(changes[name]) for name in sorted(changes)}))


def load_model(folder: Path) -> Model:
    """Read a model.

    Raises:
        OperatorError: a file is missing, damaged, or of another format.
    """
    try:
        text = (folder / DESCRIPTION).read_bytes()
        description = Description.model_validate_json(text)
        tensors = load_file(folder / NUMBERS)
        vocabulary = Vocabulary(
            tensors["known"], tensors["rarity"].astype(np.float32), description.scales
        )
        numbers = Numbers(
            vocabulary,
            tensors["sparse"].astype(np.float32),
            *(tensors[name] for name in ("dense", "bias", "alone", "slope", "offset")),
        )
    except (OSError, ValidationError, SafetensorError, KeyError) as error:
        raise OperatorError(
            f"{folder} holds no usable model ({type(error).__name__}); give a folder that `intent "
            "train` has written"
        ) from error
    adapter = (
        folder / ADAPTER
        if description.encoder is not None and description.encoder.adapted
        else None
    )
    if adapter is not None and not adapter.exists():
        raise OperatorError(
            f"{adapter} is missing; copy the whole folder of the model, or train it again"
        )
    thresholds = json.dumps([description.thresholds, description.lead_threshold])
    calibration = hashlib.sha256(
        tensors["slope"].tobytes() + tensors["offset"].tobytes() + thresholds.encode()
    ).hexdigest()[:12]
    version = hashlib.sha256(
        text + (folder / NUMBERS).read_bytes() + (adapter.read_bytes() if adapter else b"")
    ).hexdigest()[:12]
    return Model(description, numbers, version, calibration, adapter)
