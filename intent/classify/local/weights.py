"""Finds an encoder's weights: those that ship, those of a folder, or those of a name on the hub."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from intent.classify.local.bert import POSITIONS, WORDS, Array, Bert, arranged, layer_names
from intent.model.errors import OperatorError

BUNDLED = "bundled"
"""Name of the usual encoder, which ships with the code: multilingual-e5-small (MIT)."""

SHIPPED = Path(__file__).resolve().parents[2] / "models" / "e5"
"""Folder of the bundled encoder: all layers, in 4 bits; ``intent/training/pack.py`` wrote it."""

SHIPPED_LAYERS = 12

SHIPPED_FILES = {
    "encoder.safetensors": "0fd29223b52cee327fef8627a51aa7ac257714fd91c9492de84942556713d4f8",
    "tokenizer.json": "c80cf4aa75bdb7bfbb4055d5881694dbb28de9b796a28840e44451a5f95a7b73",
}
"""SHA-256 of each file in :data:`SHIPPED`."""

SHIPPED_FROM = SHIPPED_FILES["encoder.safetensors"]
"""What a model names that was trained with the bundled encoder."""

SPREADS = "spreads"
"""Name of the tensor that tells how wide columns become, in the encoder's file and in a model's."""

BLOCK = 32
"""Values that share a scale: 18 bytes, a half-precision scale and 32 values of 4 bits."""

_READABLE = ("F16", "F32")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An encoder that needs no conversion.

    Attributes:
        tokenizer: the content of its tokenizer.json.
        spreads: how wide its columns become in texts, shape (2 * layers * width,), where that is
            known.
    """

    bert: Bert
    tokenizer: str
    spreads: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))


def shipped_encoder(layers: int) -> Unpacked:
    """Read the first ``layers`` layers of the encoder that ships.

    Raises:
        OperatorError: its files are missing, or were changed.
    """
    for name, digest in SHIPPED_FILES.items():
        try:
            found = file_digest(SHIPPED / name)
        except OSError as error:
            raise OperatorError(
                f"{SHIPPED / name} cannot be read ({error.strerror}); install lead-intent again"
            ) from error
        if found != digest:
            raise OperatorError(
                f"{SHIPPED / name} was changed or cut off; install lead-intent again"
            )
    weights, tokenizer = (SHIPPED / name for name in SHIPPED_FILES)
    with safe_open(weights, framework="numpy") as stored:
        about = json.loads(stored.metadata()["bert"])
        bert = unpacked_bert(stored.get_tensor, layers, about["heads"], about["epsilon"])
        spreads = stored.get_tensor(SPREADS)
    return Unpacked(bert, tokenizer.read_text(encoding="utf-8"), spreads[: 2 * layers * bert.width])


def unpacked_bert(
    read: Callable[[str], NDArray[Any]], layers: int, heads: int, epsilon: float
) -> Bert:
    """Return the first ``layers`` layers of an encoder whose matrices ``read`` gives in blocks."""
    arrays: dict[str, Array] = {WORDS: unpacked(read(WORDS)).astype(np.float16)}
    for name in (POSITIONS, *layer_names(layers)):
        array = read(name)
        arrays[name] = np.ascontiguousarray(unpacked(array).T) if array.ndim == 3 else array
    return Bert(arrays, layers, heads, epsilon)


def unpacked(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the values of blocks of shape (rows, blocks, 18), shape (rows, values): the low halves
    of a block's 16 bytes, then the high ones, each less 8 and times the scale.
    """
    scales = np.ascontiguousarray(blocks[..., :2]).view("<f2").astype(np.float32)
    halves = blocks[..., 2:]
    values = np.concatenate([halves & 15, halves >> 4], axis=-1).astype(np.float32)
    values -= np.float32(8.0)
    values *= scales
    return values.reshape(len(blocks), -1)


def encoder_folder(name: str) -> Path:
    """Return the folder of an encoder that does not ship: of a folder's path, or of a name on the
    hub (the local copy first).

    Raises:
        OperatorError: the encoder is not there and cannot be fetched.
    """
    return Path(name) if Path(name).is_dir() else _from_hub(name)


def _from_hub(name: str) -> Path:
    try:
        return Path(
            huggingface_hub.snapshot_download(
                name, allow_patterns=["*.json", "*.safetensors", "*.txt", "*.model"]
            )
        )
    except (OSError, ValueError) as error:
        raise OperatorError(
            f"the encoder {name!r} is neither a folder nor can it be fetched from the hub "
            f"({type(error).__name__})"
        ) from error


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def weights_digest(folder: Path) -> str:
    """Return the SHA-256 of the folder's weights: of the one file, or of all their digests where
    there are several.

    Raises:
        OperatorError: no safetensors file is there.
    """
    digests = [file_digest(path) for path in sorted(folder.glob("*.safetensors"))]
    if not digests:
        raise OperatorError(
            f"{folder} holds no *.safetensors file; give an encoder saved as safetensors"
        )
    return (
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    )


def require_weights(folder: Path, sha256: str) -> None:
    """Refuse other weights than a model was trained with.

    Raises:
        OperatorError: the folder's weights are missing, or are not those of ``sha256``.
    """
    digest = weights_digest(folder)
    if digest != sha256:
        raise OperatorError(
            f"the weights in {folder} have SHA-256 {digest[:12]}…, the model needs {sha256[:12]}…; "
            "install the release it was trained with"
        )


def unpack(folder: Path, layers: int) -> Unpacked | None:
    """Read the first ``layers`` layers of the encoder in a folder; None where it is not built like
    BERT, or not saved in a way that is read here: it must then be exported.
    """
    try:
        about = json.loads((folder / "config.json").read_bytes())
        if not _is_bert(about):
            return None
        weights = _read(folder, layers)
        heads, epsilon = int(about["num_attention_heads"]), float(about["layer_norm_eps"])
        tokenizer = (folder / "tokenizer.json").read_text(encoding="utf-8")
    except (OSError, ValueError, KeyError, TypeError, SafetensorError):
        return None
    return Unpacked(Bert(weights, layers, heads, epsilon), tokenizer)


def _is_bert(about: dict[str, Any]) -> bool:
    return (
        about.get("model_type") == "bert"
        and about.get("hidden_act") == "gelu"
        and about.get("position_embedding_type", "absolute") == "absolute"
        and not about.get("is_decoder", False)
    )


def _read(folder: Path, layers: int) -> dict[str, Array]:
    with ExitStack() as stack:
        found: dict[str, tuple[Any, str]] = {}
        for path in sorted(folder.glob("*.safetensors")):
            file = stack.enter_context(safe_open(path, framework="numpy"))
            found |= {name.removeprefix("bert."): (file, name) for name in file.keys()}  # noqa: SIM118

        def read(name: str) -> NDArray[np.float32]:
            file, stored = found[name]
            if file.get_slice(stored).get_dtype() not in _READABLE:
                raise ValueError(stored)
            return np.asarray(file.get_tensor(stored), dtype=np.float32)

        return arranged(read, layers)
