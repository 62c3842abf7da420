"""Published few-shot sets are read as they lie, taught and tested beside the usual way."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.bench.few_shot import try_few_shots
from intent.model.errors import OperatorError

TEXTS = {
    "price": ("how much is it", "what does it cost", "price please", "the cost of the red one"),
    "greeting": ("hello there", "good evening", "hi everyone", "hello from perth"),
    "delivery": ("do you ship to perth", "when will it arrive", "delivery time", "shipping abroad"),
}


def write_set(folder: Path) -> None:
    for part, kept in (("train_5", slice(0, 3)), ("train_10", slice(0, 3)), ("test", slice(3, 4))):
        pairs = [(text, label) for label, texts in TEXTS.items() for text in texts[kept]]
        (folder / part).mkdir(parents=True)
        (folder / part / "seq.in").write_text("".join(f"{text}\n" for text, _ in pairs))
        (folder / part / "label").write_text("".join(f"{label}\n" for _, label in pairs))


def test_a_set_is_taught_and_tested_in_both_draws(tmp_path: Path) -> None:
    write_set(tmp_path / "sets/SHOP")

    rows = try_few_shots(tmp_path / "sets", tmp_path / "kept")

    assert [(row.name, row.shots, row.intents, row.tested) for row in rows] == [
        ("SHOP", 5, 3, 3),
        ("SHOP", 10, 3, 3),
    ]
    assert rows[0].right == rows[1].right >= 2 / 3
    assert rows[0].usual >= 2 / 3


def test_a_folder_without_sets_and_a_torn_set_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="holds no set: give a folder with NAME/train_5"):
        try_few_shots(tmp_path, tmp_path / "kept")

    write_set(tmp_path / "SHOP")
    (tmp_path / "SHOP/test/label").write_text("price\n")
    with pytest.raises(OperatorError, match=r"3 texts in seq\.in and 1 lines in label"):
        try_few_shots(tmp_path, tmp_path / "kept")

    (tmp_path / "SHOP/test/label").unlink()
    with pytest.raises(OperatorError, match="label cannot be read"):
        try_few_shots(tmp_path, tmp_path / "kept")
