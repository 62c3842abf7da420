"""Pieces whose vectors point the same way are of one kind; the same files give the same kinds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from intent.model.errors import OperatorError
from intent.training.piece_kinds import SIZES, clusters, kinds_of_pieces


def test_vectors_that_point_the_same_way_are_of_one_cluster() -> None:
    chance = np.random.default_rng(3)
    ways = np.eye(4, 8, dtype=np.float32)
    rows = np.arange(400) % 4
    vectors = ways[rows] + 0.05 * chance.normal(size=(400, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = clusters(vectors, 16)
    assert all(len(set(rows[found == cluster])) == 1 for cluster in set(found))
    assert np.array_equal(found, clusters(vectors, 16))


def test_an_encoder_on_disk_has_kinds_for_each_of_its_pieces(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="cannot be read"):
        kinds_of_pieces(tmp_path)
    pieces = [f"piece{number}" for number in range(3200)]
    vocabulary = {"model": {"vocab": [[piece, -1.0] for piece in pieces]}}
    (tmp_path / "tokenizer.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    blocks = np.random.default_rng(1).integers(0, 256, (3200, 2, 18)).astype(np.uint8)
    blocks[..., :2] = np.array([1.0], np.float16).view(np.uint8)
    save_file({"embeddings.words": blocks}, tmp_path / "encoder.safetensors")
    found = kinds_of_pieces(tmp_path)
    assert found.pieces == tuple(pieces)
    assert found.kinds.shape == (3200, len(SIZES))
    assert (found.kinds < SIZES).all()
    assert np.array_equal(found.kinds, kinds_of_pieces(tmp_path).kinds)
