"""Recipes for the local model are fitted by what ships and judged alike; the shipped one is what
the others are held against.
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from eval.bench import recipes
from eval.bench.recipes import RECIPES, SHIPPED, Material, mistyped
from eval.bench.trials import HEADER, line, try_recipes
from intent.model.taxonomy import Taxonomy
from intent.training.adapt import AdapterRecipe
from intent.training.data import Example, plain_message
from tests.unit.training.encoder import write_encoder

ASKS = {
    "price_inquiry": [
        "how much is the red",
        "price please",
        "how much for two",
        "what is the cost",
        "cost of the blue",
        "price of size two",
    ],
    "shipping_inquiry": [
        "ship to perth",
        "do you ship",
        "delivery to perth",
        "can you send to perth",
        "when is delivery",
        "send two to perth",
    ],
    "chatter": [
        "hello everyone",
        "love your hair",
        "hi nice song",
        "hello hello",
        "nice hair",
        "love the song",
    ],
}


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory, taxonomy: Taxonomy) -> Material:
    encoder = write_encoder(tmp_path_factory.mktemp("encoder"), layers=12)
    rows = [
        Example(plain_message(text, number), (label,), f"room-{number}", "en")
        for label, texts in ASKS.items()
        for number, text in enumerate(texts)
    ]
    return Material.read(rows * 3, rows, taxonomy, str(encoder))


@pytest.mark.filterwarnings(
    "ignore:'pin_memory'"
)  # SetFit's trainer asks for it also where there is no GPU
@pytest.mark.parametrize("name", [name for name in RECIPES if name != SHIPPED])
def test_every_recipe_learns_more_than_the_base_rate(
    name: str, material: Material, taxonomy: Taxonomy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipes, "PAIRS", 64)
    tried = try_recipes(
        material, taxonomy, [name], AdapterRecipe(rank=4, epochs=2, batch=8), lambda said: None
    )
    assert [one.name for one in tried] == [SHIPPED, name]
    assert tried[0].difference == 0
    rate = material.dev_targets[:, :-1].mean(axis=0)
    base = -(rate * np.log(np.maximum(rate, 1e-9)) + (1 - rate) * np.log(1 - rate)).mean()
    for one in tried:
        assert one.loss < base
        assert all(0 <= value <= 1 for value in (*one.alone, *one.blended))
        assert line(one).count("|") == HEADER[0].count("|")


def test_rare_labels_weigh_more_when_balanced(material: Material, taxonomy: Taxonomy) -> None:
    plain, balanced = (
        recipes.lora(1, balance=balance)(
            material, AdapterRecipe(rank=2, epochs=2, batch=8), lambda said: None
        )
        for balance in (0.0, 1.0)
    )
    shipping = taxonomy.names.index("shipping_inquiry")
    assert balanced[:, shipping].mean() > plain[:, shipping].mean()


def test_typing_errors_change_letters_only_and_repeat_with_the_seed() -> None:
    text = "how much are 2 of the 15 ml bottles, please? ราคาเท่าไหร่ " * 5
    worn = mistyped(text, random.Random(1))
    assert worn != text
    assert worn == mistyped(text, random.Random(1))
    assert [sign for sign in worn if sign.isdigit()] == [sign for sign in text if sign.isdigit()]
    assert set(worn) <= set(text)


def test_a_comparison_that_was_cut_short_goes_on_where_it_was(
    material: Material, taxonomy: Taxonomy, tmp_path: Path
) -> None:
    base, said = AdapterRecipe(rank=2, epochs=1, batch=8), []
    first = try_recipes(material, taxonomy, [], base, said.append, tmp_path)
    assert f"{SHIPPED} …" in said
    said.clear()
    again = try_recipes(material, taxonomy, ["LoRA, 4 layers"], base, said.append, tmp_path)
    assert again[0] == first[0]
    assert f"{SHIPPED} …" not in said
    assert "LoRA, 4 layers …" in said
