"""Exports an encoder to ONNX with torch, in a process of its own; the one module here that needs
it.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.numpy import load_file
from transformers import AutoConfig, AutoModel, AutoTokenizer

from intent.classify.local.exported import GRAPH, TOKENIZER, describe
from intent.model.errors import OperatorError

_OPSET = 17


class Pooled(torch.nn.Module):  # type: ignore[misc]
    """The encoder with mean pooling over real tokens and scaling to length one
    (sentence-transformers' default head).
    """

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return embeddings of shape (rows, dimensions) for token ids and mask of shape (rows,
        tokens).
        """
        states = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        real = mask.unsqueeze(-1).to(states.dtype)
        mean = (states * real).sum(dim=1) / real.sum(dim=1).clamp(min=1.0)
        return torch.nn.functional.normalize(mean, dim=1)


def encoder_layers(folder: Path) -> int:
    """Return how many layers the encoder has."""
    return int(AutoConfig.from_pretrained(folder, local_files_only=True).num_hidden_layers)


def load_encoder(folder: Path, layers: int | None) -> Any:
    """Return the transformer in evaluation mode, with its first ``layers`` layers (all by default).

    Raises:
        OperatorError: layers are to be left out of an architecture that is not built like BERT.
    """
    encoder = (
        AutoModel.from_pretrained(folder, attn_implementation="eager", local_files_only=True)
        .float()
        .eval()
    )
    if layers is not None and layers < encoder.config.num_hidden_layers:
        stack = getattr(encoder, "encoder", None)
        if stack is None or not hasattr(stack, "layer"):
            raise OperatorError(
                f"the encoder in {folder} is not built like BERT, so its last layers cannot be "
                "left out; choose another encoder"
            )
        stack.layer = stack.layer[:layers]
    return encoder


def apply_adapter(encoder: Any, adapter: Path) -> None:
    """Add low-rank changes to the weights: ``W + up @ down`` for each matrix that the file
    names.
    """
    changes = load_file(adapter)
    parameters = dict(encoder.named_parameters())
    with torch.no_grad():
        for name in sorted(key.removesuffix(".up") for key in changes if key.endswith(".up")):
            up, down = (
                torch.from_numpy(changes[f"{name}.{part}"]).float() for part in ("up", "down")
            )
            parameters[f"{name}.weight"].add_(up @ down)


def export(encoder: Any, target: Path) -> None:
    """Write the pooled encoder as an ONNX graph with free numbers of rows and tokens."""
    ids = torch.ones((2, 8), dtype=torch.int64)
    torch.onnx.export(
        Pooled(encoder).eval(),
        (ids, torch.ones_like(ids)),
        str(target),
        input_names=["ids", "mask"],
        output_names=["embedding"],
        dynamic_axes={
            "ids": {0: "rows", 1: "tokens"},
            "mask": {0: "rows", 1: "tokens"},
            "embedding": {0: "rows"},
        },
        opset_version=_OPSET,
        dynamo=False,
    )


def export_to(source: Path, folder: Path, *, layers: int | None, adapter: Path | None) -> None:
    """Export the encoder in ``source`` to an empty folder.

    Raises:
        OperatorError: layers cannot be left out of it, or it has no fast tokenizer.
    """
    encoder = load_encoder(source, layers)
    if adapter is not None:
        apply_adapter(encoder, adapter)
    export(encoder, folder / GRAPH)
    _save_tokenizer(source, folder / TOKENIZER)
    describe(folder)


def _save_tokenizer(source: Path, target: Path) -> None:
    if (source / TOKENIZER).exists():
        shutil.copyfile(source / TOKENIZER, target)
        return
    tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=True)
    if not tokenizer.is_fast:
        raise OperatorError(
            f"{source} has no fast tokenizer (tokenizer.json); choose an encoder that has one"
        )
    tokenizer.backend_tokenizer.save(str(target))


def main() -> int:
    """Read the command line and export; 1 with one sentence on stderr when it cannot be done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int)
    parser.add_argument("--adapter", type=Path)
    asked = parser.parse_args()
    try:
        export_to(asked.source, asked.folder, layers=asked.layers, adapter=asked.adapter)
    except OperatorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
