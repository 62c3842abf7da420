"""Slopes of the field are those of its likelihood, the same fit comes twice, and slots become
tags.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from intent.classify.slots.find import SlotFinder
from intent.classify.slots.lexicon import load_lexicon
from intent.classify.slots.tagger import TAGS, SlotTagger
from intent.classify.slots.token_features import Reader
from intent.classify.slots.tokens import cut
from intent.classify.slots.word_kinds import WordKinds
from intent.model.decision import Slot
from intent.model.errors import OperatorError
from intent.training.data import read_examples
from intent.training.field import Recipe, Sequences, fit_field, gradients
from intent.training.slot_fitting import fit_slots, tags_of

KINDS = WordKinds(("▁box", "es"), np.array([[0, 1], [2, 3]], dtype=np.uint16))


def _loss(scores: np.ndarray, steps: np.ndarray, tags: np.ndarray, lengths: np.ndarray) -> float:
    total, start = 0.0, 0
    for length in lengths:
        here, right = scores[start : start + length], tags[start : start + length]

        def worth(path: tuple[int, ...], here: np.ndarray = here) -> float:
            moves = sum(steps[a, b] for a, b in itertools.pairwise(path))
            return float(
                steps[-1, path[0]] + moves + sum(here[at, tag] for at, tag in enumerate(path))
            )

        every = itertools.product(range(scores.shape[1]), repeat=length)
        total += np.log(sum(np.exp(worth(path)) for path in every)) - worth(tuple(right))
        start += length
    return total


def test_slopes_are_those_of_the_likelihood() -> None:
    chance = np.random.default_rng(3)
    lengths, tags = np.array([3, 2, 1]), np.array([0, 1, 2, 2, 0, 1])
    scores = chance.normal(size=(6, 3)).astype(np.float32)
    steps = chance.normal(size=(4, 3)).astype(np.float32)
    found = gradients(scores, steps, tags, lengths)
    for which, slopes in enumerate(found):
        for place in np.ndindex(*slopes.shape):
            sides = []
            for change in (1e-3, -1e-3):
                given = [scores.astype(np.float64), steps.astype(np.float64)]
                given[which][place] += change
                sides.append(_loss(*given, tags, lengths))
            assert slopes[place] == pytest.approx((sides[0] - sides[1]) / 2e-3, abs=1e-4)


def test_the_same_fit_comes_twice_and_learns_what_is_there() -> None:
    # Feature 0 begins a slot, feature 1 goes on in it, feature 2 is outside.
    tags = np.array([0, 1, 2, 0, 1] * 20)
    columns = np.array([2, 0, 1, 2, 0] * 20)
    features = scipy.sparse.csr_matrix(
        (np.ones(100, np.float32), columns, np.arange(101)), shape=(100, 3)
    )
    given = Sequences(features, tags, np.arange(0, 101, 5), 3, np.array([0, 0, -1]))
    one, two = (fit_field(given, Recipe(passes=4)) for _ in range(2))
    assert np.array_equal(one.weights, two.weights)
    assert np.array_equal(one.steps, two.steps)
    assert one.weights.argmax(axis=1).tolist() == [1, 2, 0]


def test_a_slot_is_marked_where_it_stands_as_whole_tokens_and_once() -> None:
    text = "120 for 20, red or dark red"
    slots = [Slot("price", "20"), Slot("variant", "red"), Slot("variant", "dark red")]
    tags = [TAGS[tag] for tag in tags_of(text, cut(text), slots)]
    assert tags == ["", "", "B-price", "", "B-variant", "", "B-variant", "I-variant"]


def test_a_slot_inside_a_word_and_one_of_an_unknown_kind_are_left_out() -> None:
    text = "jilbabnya 2"
    tags = tags_of(text, cut(text), [Slot("product", "jilbab"), Slot("mood", "2")])
    assert tags == [0, 0]


def test_a_fit_finds_what_it_was_shown_in_words_that_it_has_not_seen(tmp_path: Path) -> None:
    lines = [
        f'{{"text": "i want {number} {thing} pls", "labels": ["purchase_intent"]}}'
        for number, thing in itertools.product(range(2, 9), ("boxes", "bottles", "jars"))
    ]
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    shown = [
        replace(one, slots=(Slot("quantity", " ".join(one.message.text.split()[2:4])),))
        for one in read_examples(path)
    ]
    reader = Reader(load_lexicon(KINDS))
    fits = [fit_slots(reader, shown, Recipe(passes=3)) for _ in range(2)]
    assert np.array_equal(fits[0].weights, fits[1].weights)
    finder = SlotFinder(SlotTagger(fits[0], reader), frozenset())
    asked = shown[0].message.model_copy(update={"text": "i want 55 boxes please"})
    assert finder.find([asked], [("purchase_intent",)]) == [(Slot("quantity", "55 boxes"),)]


def test_without_a_slot_there_is_nothing_to_fit(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text('{"text": "hello", "labels": ["price_inquiry"]}', encoding="utf-8")
    with pytest.raises(OperatorError, match="no message has a slot"):
        fit_slots(Reader(load_lexicon(KINDS)), read_examples(path), Recipe())
