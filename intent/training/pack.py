"""Packs the bundled encoder for serving: its first layers in half precision, and its tokenizer
(``python -m intent.training.pack``).
"""

from __future__ import annotations

import json

import numpy as np
from safetensors.numpy import save

from intent.classify.local.bert import POSITIONS
from intent.classify.local.encoder import MAX_TOKENS
from intent.classify.local.weights import (
    BUNDLED,
    SHIPPED,
    SHIPPED_FILES,
    SHIPPED_FROM,
    SHIPPED_LAYERS,
    encoder_folder,
    require_weights,
    unpack,
)


def packed() -> dict[str, bytes]:
    """Return the content of each file that ships: the same weights give the same bytes.

    Raises:
        OperatorError: the package with the whole encoder is not installed, or has other weights.
    """
    folder = encoder_folder(BUNDLED)
    require_weights(folder, SHIPPED_FROM)
    whole = unpack(folder, SHIPPED_LAYERS)
    assert whole is not None  # its SHA-256 is that of a BERT
    arrays = dict(whole.bert.weights)
    arrays[POSITIONS] = arrays[POSITIONS][:MAX_TOKENS]
    tensors = {
        # Biases and the numbers of layer normalisation are few, so they stay whole.
        name: np.ascontiguousarray(array.astype(np.float16) if array.ndim == 2 else array)
        for name, array in sorted(arrays.items())
    }
    about = json.dumps({"heads": whole.bert.heads, "epsilon": whole.bert.epsilon})
    weights, tokenizer = SHIPPED_FILES
    return {weights: save(tensors, {"bert": about}), tokenizer: whole.tokenizer.encode()}


def main() -> None:
    """Write the files where they ship from."""
    SHIPPED.mkdir(exist_ok=True)
    for name, content in packed().items():
        (SHIPPED / name).write_bytes(content)


if __name__ == "__main__":
    main()
