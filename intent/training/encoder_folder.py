"""Finds an encoder as a folder that transformers and sentence-transformers load; the one that ships
is written to a scratch folder for that.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from intent.classify.local.bert import POSITIONS, WORDS, layer_names
from intent.classify.local.weights import BUNDLED, SHIPPED_LAYERS, encoder_folder, shipped_encoder

_FEED_FORWARD = "encoder.layer.0.intermediate.dense.bias"


@contextmanager
def folder_of(name: str, layers: int = SHIPPED_LAYERS) -> Iterator[Path]:
    """Yield the folder of an encoder; that of the bundled one, with its first ``layers`` layers, is
    gone afterwards.

    Raises:
        OperatorError: the encoder is not there.
    """
    if name != BUNDLED:
        yield encoder_folder(name)
        return
    with tempfile.TemporaryDirectory(prefix="lead-intent-encoder-") as scratch:
        write_shipped(Path(scratch), layers)
        yield Path(scratch)


def write_shipped(folder: Path, layers: int) -> None:
    """Write the first ``layers`` layers of the encoder that ships, in single precision, as a
    ``BertModel`` and its tokenizer.
    """
    found = shipped_encoder(layers)
    given = found.bert.weights
    words, positions = (given[name].astype(np.float32) for name in (WORDS, POSITIONS))
    weights: dict[str, NDArray[np.float32]] = {
        "embeddings.word_embeddings.weight": words,
        "embeddings.position_embeddings.weight": positions,
        # Those of the one type that occurs are in the positions already.
        "embeddings.token_type_embeddings.weight": np.zeros((1, found.bert.width), np.float32),
    }
    for name in layer_names(layers):
        weights[name] = np.ascontiguousarray(given[name].T.astype(np.float32))
    # Not on the way to an embedding, but missed and said so at every load where it is not there.
    weights["pooler.dense.weight"] = np.zeros((found.bert.width, found.bert.width), np.float32)
    weights["pooler.dense.bias"] = np.zeros(found.bert.width, np.float32)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": len(words),
        "hidden_size": found.bert.width,
        "num_hidden_layers": layers,
        "num_attention_heads": found.bert.heads,
        "intermediate_size": len(given[_FEED_FORWARD]),
        "max_position_embeddings": len(positions),
        "type_vocab_size": 1,
        "layer_norm_eps": found.bert.epsilon,
        "hidden_act": "gelu",
        "pad_token_id": 1,
    }
    tokenizer = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": len(positions),
        "bos_token": "<s>",
        "eos_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    (folder / "tokenizer.json").write_text(found.tokenizer, encoding="utf-8")
