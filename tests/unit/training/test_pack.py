"""The encoder that ships is read from its package's file and packed as it is read back."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load
from tokenizers import Tokenizer

from intent.classify.local import weights
from intent.classify.local.weights import shipped_encoder, unpacked
from intent.model.errors import OperatorError
from intent.training.pack import kept_pieces, packed, read_encoder_file

WIDTH, HEADS, WIDER, LAYERS = 32, 2, 64, 2
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁price", "▁pr", "ice", "▁Price", "x", "ß", "▁rare"]


def blocks(random: np.random.Generator, rows: int, columns: int) -> bytes:
    """Return a matrix of 4 bits, as random bytes under a scale of one eighth."""
    count = rows * columns // weights.BLOCK
    scale = np.full((count, 1), 0.125, "<f2").view(np.uint8)
    return np.hstack([scale, random.integers(0, 256, (count, 16), np.uint8)]).tobytes()


def write_package_file(path: Path, random: np.random.Generator) -> Path:
    """Write a small encoder the way that the package lays its own out."""
    text = [piece.encode() for piece in PIECES]
    starts = np.cumsum([0, *map(len, text)]).astype("<u4")
    scores = -np.arange(len(PIECES), dtype="<f4")
    table = b"\0" * 8
    head = b"E5S1" + struct.pack(
        "<I7ifi", 1, WIDTH, LAYERS, HEADS, WIDER, len(PIECES), 80, 2, 1e-12, weights.BLOCK
    )
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, int(starts[-1]))
    head += starts.tobytes() + scores.tobytes() + b"".join(text)
    head += struct.pack("<iI", 1, len(table)) + table
    whole = {"emb.pos": 80 * WIDTH, "emb.type": 2 * WIDTH, "emb.ln.w": WIDTH, "emb.ln.b": WIDTH}
    matrices = {"emb.word": (len(PIECES), WIDTH)}
    for layer in range(LAYERS):
        for part, (rows, columns) in {
            **dict.fromkeys(("q", "k", "v", "ao"), (WIDTH, WIDTH)),
            "fi": (WIDER, WIDTH),
            "fo": (WIDTH, WIDER),
        }.items():
            matrices[f"l{layer}.{part}.w"] = (rows, columns)
            whole[f"l{layer}.{part}.b"] = rows
        for part in ("aln", "oln"):
            whole |= {f"l{layer}.{part}.{kind}": WIDTH for kind in "wb"}
    tensors = {name: (1, r * c, blocks(random, r, c)) for name, (r, c) in matrices.items()}
    tensors |= {
        name: (0, count, random.normal(size=count).astype("<f4").tobytes())
        for name, count in whole.items()
    }
    entries, body = b"", b""
    for name, (kind, count, content) in tensors.items():
        entries += struct.pack("<H", len(name)) + name.encode()
        entries += struct.pack("<BIQQ", kind, count, len(body), len(content))
        body += content
    path.write_bytes(head + struct.pack("<i", len(tensors)) + entries + body)
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_package_file(tmp_path / "small.bin", np.random.default_rng(1))


def test_pieces_that_are_used_frequent_or_single_are_kept(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intent.training.pack.FREQUENT", 6)
    kept = kept_pieces(read_encoder_file(source), ["rare"])
    # Of the others "▁pr" and "ice" are neither, and folding leaves no "▁Price".
    assert [PIECES[number] for number in kept] == [
        *PIECES[:4], "▁", "▁price", "x", "ß", "▁rare",
    ]  # fmt: skip


def test_what_is_packed_is_read_back(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = read_encoder_file(source)
    content = packed(found, ["price"])
    assert content == packed(read_encoder_file(source), ["price"])
    for name, part in content.items():
        (tmp_path / name).write_bytes(part)
    monkeypatch.setattr(weights, "SHIPPED", tmp_path)
    digests = {name: weights.file_digest(tmp_path / name) for name in content}
    monkeypatch.setattr(weights, "SHIPPED_FILES", digests)
    bert = shipped_encoder(1).bert
    assert (bert.heads, bert.layers, bert.width) == (HEADS, 1, WIDTH)
    inner = bert.weights["encoder.layer.0.intermediate.dense.weight"]
    assert np.array_equal(inner.T, by_hand(found.packed["l0.fi.w"]).reshape(WIDER, WIDTH))
    vocabulary = Tokenizer.from_str(content["tokenizer.json"].decode())
    assert vocabulary.encode("Price  price").tokens[1:-1][-1] == "▁price"
    words = unpacked(load(content["encoder.safetensors"])["embeddings.words"])
    number = vocabulary.token_to_id("▁price")
    before = by_hand(found.packed["emb.word"]).reshape(len(PIECES), WIDTH)
    assert np.array_equal(words[number], before[PIECES.index("▁price")])


def by_hand(packed_blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Unpack block by block and value by value."""
    values = []
    for block in packed_blocks:
        scale = float(block[:2].view("<f2")[0])
        values += [scale * ((int(one) & 15) - 8) for one in block[2:]]
        values += [scale * ((int(one) >> 4) - 8) for one in block[2:]]
    return np.array(values, np.float32)


@pytest.mark.parametrize("harm", ["missing", "something else", "cut off"])
def test_a_file_that_is_none_is_named(source: Path, harm: str) -> None:
    content = source.read_bytes()
    source.unlink()
    if harm != "missing":
        source.write_bytes(b"no encoder" if harm == "something else" else content[:200])
    with pytest.raises(OperatorError, match=r"small\.bin"):
        read_encoder_file(source)
