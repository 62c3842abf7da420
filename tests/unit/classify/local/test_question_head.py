"""What a message asks is held to its labels, survives being written and read, and is said by the
model that ships.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from intent.bootstrap.resources import locate
from intent.classify.local.classifier import LocalClassifier
from intent.classify.local.question_head import (
    QUESTIONS,
    QuestionHead,
    load_question_head,
    save_question_head,
)
from intent.classify.local.vocabulary import Sparse
from intent.model.errors import OperatorError
from intent.model.taxonomy import load_taxonomy
from intent.operations.classify import plain_message


def _head() -> QuestionHead:
    return QuestionHead(
        names=("item_price", "booking", "none"),
        under=(
            frozenset({"price_inquiry"}),
            frozenset({"appointment_booking"}),
            frozenset({"price_inquiry"}),
        ),
        grams=np.array([2, 5], dtype=np.int32),
        sparse=np.array([[4.0, 0.0, 0.0], [0.0, 8.0, 0.0]], dtype=np.float32),
        dense=np.zeros((3, 3), dtype=np.float32),
        logit=np.zeros((2, 3), dtype=np.float32),
        bias=np.array([-1.0, -1.0, 0.5], dtype=np.float32),
    )


def _read(*columns: int) -> Sparse:
    count = len(columns)
    return Sparse(
        np.array([0, count]), np.array(columns, dtype=np.int32), np.ones(count, dtype=np.float32)
    )


def _probabilities(head: QuestionHead, *columns: int) -> np.ndarray:
    nothing = np.zeros((1, 3), dtype=np.float32), np.zeros((1, 2), dtype=np.float32)
    return head.probabilities(_read(*columns), *nothing, row=0)


def test_only_a_type_that_may_stand_beside_the_labels_is_named() -> None:
    head = _head()
    both = _probabilities(head, 2, 5)
    assert both[1] > both[0] > 0.5
    assert head.name(both, ["price_inquiry"]) == "item_price"
    assert head.name(both, ["appointment_booking", "price_inquiry"]) == "booking"
    assert head.name(both, ["chatter"]) is None
    assert head.asks(["price_inquiry"])
    assert not head.asks(["chatter"])


def test_n_grams_that_it_does_not_know_change_nothing_and_nothing_asked_is_none() -> None:
    head = _head()
    assert _probabilities(head, 0, 9).tolist() == _probabilities(head).tolist()
    assert head.name(_probabilities(head), ["price_inquiry"]) is None


def test_a_head_is_read_back_as_it_was_written_and_a_damaged_one_is_refused(
    tmp_path: Path,
) -> None:
    head = _head()
    assert load_question_head(tmp_path) is None
    save_question_head(tmp_path, head)
    first = (tmp_path / QUESTIONS).read_bytes()
    read = load_question_head(tmp_path)
    assert read is not None
    assert (read.names, read.under) == (head.names, head.under)
    assert _probabilities(read, 2, 5).tolist() == _probabilities(head, 2, 5).tolist()
    save_question_head(tmp_path, read)
    assert (tmp_path / QUESTIONS).read_bytes() == first
    (tmp_path / QUESTIONS).write_bytes(first[:-9])
    with pytest.raises(OperatorError, match="damaged"):
        load_question_head(tmp_path)


def test_the_model_that_ships_names_what_plain_questions_ask() -> None:
    taxonomy = load_taxonomy(locate("prompts") / "taxonomy.yaml")
    model = LocalClassifier.load(
        locate("models") / "lead_intent", taxonomy=taxonomy, cache_dir=None, threads=1
    )
    texts = {
        "how much is the red bag": "item_price",
        "can i pay by card?": "payment_method",
        "do you open on sunday, until what time?": "opening_hours",
        "can i book a haircut on friday": "booking",
        "lovely stream today": None,
    }
    decisions = model.classify([plain_message(text, n) for n, text in enumerate(texts)])
    assert [one.question_type for one in decisions] == list(texts.values())
