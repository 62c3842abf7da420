"""Raw outputs become probabilities by the model's own slope and offset, output by output; messages
are decided together, in bounded memory.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from intent.bootstrap.resources import locate
from intent.classify.folding import MAX_CHARACTERS
from intent.classify.local.classifier import (
    CHUNK,
    CHUNK_CHARACTERS,
    LocalClassifier,
    calibrated,
    chunks,
)
from intent.classify.local.modelfile import Model, load_model
from intent.model.taxonomy import Taxonomy
from tests.unit.classify.slots.offered import said

SLOPE, OFFSET = 0.5, -1.25


@pytest.fixture(scope="module")
def shipped() -> Model:
    return load_model(locate("models") / "lead_intent")


def with_calibration(model: Model, *, exclusive: bool = False) -> Model:
    outputs = len(model.numbers.bias)
    slope = np.linspace(SLOPE, 2 * SLOPE, outputs, dtype=np.float32)
    offset = np.linspace(OFFSET, -OFFSET, outputs, dtype=np.float32)
    return dataclasses.replace(
        model,
        numbers=dataclasses.replace(model.numbers, slope=slope, offset=offset),
        description=model.description.model_copy(update={"exclusive": exclusive}),
    )


def test_slope_and_offset_come_before_the_logistic_curve(shipped: Model) -> None:
    model = with_calibration(shipped)
    outputs = len(model.numbers.bias)
    found = calibrated(model, np.full((2, outputs), 3.0, dtype=np.float32))
    assert found[0, 0] == pytest.approx(1 / (1 + np.exp(-(3.0 * SLOPE + OFFSET))))
    assert found[1, -1] == pytest.approx(1 / (1 + np.exp(-(3.0 * 2 * SLOPE - OFFSET))))


def test_slope_and_offset_come_before_exclusive_labels_share_one(shipped: Model) -> None:
    model = with_calibration(shipped, exclusive=True)
    logits = np.array([[3.0] * len(model.numbers.bias)], dtype=np.float32)
    found = calibrated(model, logits)
    assert found.sum() == pytest.approx(1.0)
    ratio = np.exp((3.0 * 2 * SLOPE - OFFSET) - (3.0 * SLOPE + OFFSET))
    assert found[0, -1] / found[0, 0] == pytest.approx(ratio)


def test_signs_alone_are_judged_by_n_grams_as_if_there_were_no_encoder(taxonomy: Taxonomy) -> None:
    local = LocalClassifier.load(
        locate("models") / "lead_intent", taxonomy=taxonomy, cache_dir=None, threads=1
    )
    shouts = [said(text) for text in ("❤️❤️❤️", "😂😂", "👏👏👏", "🙏🙏🙏", "🤣🤣🤣🤣", "👍")]
    decisions = local.classify([*shouts, said("how much are two of these")])
    for decision in decisions[:-1]:
        assert decision.labels == ("chatter",)
        assert decision.lead_probability < 0.1
    assert decisions[-1].is_lead


def test_messages_are_decided_together_up_to_a_number_and_a_length() -> None:
    short, long = said("hello there"), said("very " * 1600)
    many = [short] * (CHUNK + 1)
    assert [len(chunk) for chunk in chunks(many)] == [CHUNK, 1]
    most = CHUNK_CHARACTERS // MAX_CHARACTERS
    assert [len(chunk) for chunk in chunks([long] * (most + 2))] == [most, 2]
    assert [one for chunk in chunks(many) for one in chunk] == many
    assert not list(chunks([]))
