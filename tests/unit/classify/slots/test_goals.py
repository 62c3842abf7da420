"""What the tagger that ships reaches on dev, as exact substrings, stays reached."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from eval.data.dataset import load_dataset, of_split
from eval.measure.slots import judged_slots
from eval.run.predictions import decided
from intent.bootstrap.resources import locate
from intent.classify.local.classifier import LocalClassifier
from intent.model.taxonomy import load_taxonomy

DATA = Path("eval/datasets/lead_intent")


@pytest.fixture(scope="module")
def f1() -> dict[str, float]:
    taxonomy = load_taxonomy(locate("prompts") / "taxonomy.yaml")
    model = LocalClassifier.load(
        locate("models") / "lead_intent", taxonomy=taxonomy, cache_dir=None, threads=1
    )
    rows = of_split(load_dataset(DATA), "dev")
    right: Counter[str] = Counter()
    mistaken: Counter[str] = Counter()
    for row, decision in zip(rows, model.classify([row.message() for row in rows]), strict=True):
        judged = judged_slots(row, decided(decision, id=row.id, seen="", stage="local"), taxonomy)
        right.update(slot.kind for slot in judged.right)
        mistaken.update(slot.kind for slot in [*judged.wrong, *judged.missed])
    return {kind: 2 * right[kind] / (2 * right[kind] + mistaken[kind]) for kind in taxonomy.slots}


@pytest.mark.parametrize(
    ("kind", "least"), [("contact", 0.92), ("price", 0.80), ("place", 0.75), ("time", 0.65)]
)
def test_a_goal_that_was_reached_stays_reached(
    f1: dict[str, float], kind: str, least: float
) -> None:
    assert f1[kind] >= least


@pytest.mark.parametrize(
    ("kind", "before"), [("quantity", 0.65), ("variant", 0.46), ("product", 0.27)]
)
def test_what_the_tagger_before_found_is_found_better(
    f1: dict[str, float], kind: str, before: float
) -> None:
    assert f1[kind] > before
