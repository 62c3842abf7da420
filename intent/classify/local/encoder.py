"""Turns texts into sentence embeddings with ONNX Runtime, in length-sorted batches."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from intent.classify.local.bert import Bert, changed, graph
from intent.classify.local.eight_bits import eight_bits, spread_graph
from intent.classify.local.exported import exported
from intent.classify.local.weights import (
    BUNDLED,
    SHIPPED_FROM,
    SPREADS,
    Unpacked,
    encoder_folder,
    file_digest,
    require_weights,
    shipped_encoder,
    unpack,
)
from intent.model.errors import OperatorError

# ONNX Runtime reports usage to its maker from the moment it is imported, and keeps a device id in
# the home folder: nothing here may call home.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime

MAX_TOKENS = 64
"""Longest input of the encoder in tokens; 99 % of live comments are shorter than half of it."""

BATCH_TOKENS = 384
"""Tokens in one batch, padding included; on two cores 256 to 512 are equally quick, 2048 takes half
as long again: its numbers leave the cache.
"""


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


class Encoder:
    """Embeds texts. One instance may be used by one thread at a time."""

    def __init__(
        self,
        graph: bytes,
        tokenizer: str,
        weights: Mapping[str, NDArray[np.generic]] | None = None,
        *,
        threads: int | None = None,
    ) -> None:
        """Load a graph.

        Args:
            tokenizer: the content of a tokenizer.json.
            weights: what the graph does not hold itself.
            threads: processor threads for one batch; None lets ONNX Runtime choose.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Threads that wait by spinning take the processor from the database and from other workers,
        # and make nothing quicker here.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # The session copies what it is given here.
        given = {
            name: onnxruntime.OrtValue.ortvalue_from_numpy(array)
            for name, array in (weights or {}).items()
        }
        options.add_external_initializers([*given], [*given.values()])
        self._session = onnxruntime.InferenceSession(
            graph, options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_str(tokenizer)
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


def open_encoder(
    spec: EncoderSpec, cache_dir: Path | None, *, threads: int | None = None
) -> Encoder:
    """Return the encoder. The bundled one multiplies in eight bits. Others that are built like BERT
    are put together in memory in single precision; what is not is exported by torch, once, and
    kept.

    Args:
        cache_dir: where exported graphs are kept; None for nowhere.
        threads: as for :class:`Encoder`.

    Raises:
        OperatorError: the weights are missing or not the ones the model was trained with, or
            torch is needed and not there.
    """
    if spec.name == BUNDLED:
        if spec.sha256 != SHIPPED_FROM:
            raise OperatorError(
                f"the model was trained with an encoder of SHA-256 {spec.sha256[:12]}…, and "
                f"{SHIPPED_FROM[:12]}… ships; install the release it was trained with, or train it "
                "again with `intent train`"
            )
        return _in_eight_bits(shipped_encoder(spec.layers), spec.adapter, threads)
    folder = encoder_folder(spec.name)
    require_weights(folder, spec.sha256)
    unpacked = unpack(folder, spec.layers)
    if unpacked is not None:
        bert = adapted(unpacked.bert, _changes(spec.adapter))
        return Encoder(graph(bert), unpacked.tokenizer, bert.weights, threads=threads)
    made = exported(folder, spec.key(), cache_dir, layers=spec.layers, adapter=spec.adapter)
    return Encoder(made.graph, made.tokenizer, threads=threads)


def _in_eight_bits(found: Unpacked, adapter: Path | None, threads: int | None) -> Encoder:
    changes = _changes(adapter)
    spreads = changes.get(SPREADS, found.spreads)
    small = eight_bits(adapted(found.bert, changes), spreads.astype(np.float32))
    return Encoder(small.graph, found.tokenizer, small.weights, threads=threads)


def _changes(adapter: Path | None) -> dict[str, NDArray[np.float16]]:
    if adapter is None:
        return {}
    try:
        changes: dict[str, NDArray[np.float16]] = load_file(adapter)
    except (OSError, SafetensorError) as error:
        raise OperatorError(
            f"{adapter} is damaged ({type(error).__name__}); copy the whole folder of the model, "
            "or train it again with `intent train`"
        ) from error
    return changes


def adapted(bert: Bert, changes: Mapping[str, NDArray[np.float16]]) -> Bert:
    """Return the encoder with low-rank changes added to its weights."""
    return replace(bert, weights=changed(bert.weights, changes))


def measured_spreads(
    bert: Bert, tokenizer: str, texts: Sequence[str], *, threads: int | None = None
) -> NDArray[np.float32]:
    """Return how wide the columns of an encoder become in some texts, as
    :func:`intent.classify.local.eight_bits.eight_bits` wants it, shape (2 * layers * width,).

    Args:
        tokenizer: the content of a tokenizer.json.
        threads: as for :class:`Encoder`.
    """
    meter = Encoder(spread_graph(bert), tokenizer, bert.weights, threads=threads)
    widest: NDArray[np.float32] = meter.encode(texts).max(axis=0)
    return widest
