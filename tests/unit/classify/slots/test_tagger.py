"""What finds slots reads words, pairs and what the room shows; its paths are the best ones; and its
file is refused where it does not fit.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from intent.classify.slots.lexicon import Lexicon, load_lexicon
from intent.classify.slots.tagger import (
    SLOTS,
    TAGS,
    SlotWeights,
    allowed,
    best_paths,
    load_slot_tagger,
    save_slot_weights,
    spans_of,
)
from intent.classify.slots.token_features import Reader
from intent.classify.slots.tokens import MOST, cut, shape_of
from intent.classify.slots.word_kinds import WordKinds
from intent.model.errors import OperatorError
from tests.unit.classify.slots.offered import said

KINDS = WordKinds(
    ("黑色", "裙子", "▁ba", "▁baju", "▁dress", "es"),
    np.array([[1, 10], [2, 20], [3, 30], [2, 21], [2, 20], [4, 40]], dtype=np.uint16),
)
LEXICON = Lexicon({"黑色": ("colour",), "dress": ("goods",), "2": ()}, KINDS, "l1")


def features(text: str, at: int, item: str | None = None) -> set[str]:
    reader = Reader(LEXICON)
    cut = reader.read(said(text, item), ("purchase_intent",), [])
    return {name for group in cut.groups(at) for name in reader.named(group)}


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("2tr5 nha", ["2", "tr", "5", "nha"]),
        ("size-M, $20", ["size", "-", "M", ",", "$", "20"]),
        ("黑色裙子M", ["黑", "色", "裙", "子", "M"]),
        ("เอาสีดำ", ["เอา", "สี", "ดำ"]),
        ("café e\u0301te", ["café", "e\u0301te"]),
    ],
)
def test_a_text_is_cut_into_words_numbers_signs_and_characters(
    text: str, tokens: list[str]
) -> None:
    cuts = [text[start:end] for start, end in cut(text)]
    assert "".join(cuts) == text.replace(" ", "")
    assert cuts == tokens or text.startswith("เ")


def test_of_a_long_text_the_beginning_is_read() -> None:
    assert len(cut("a " * 1000)) == MOST


def test_a_shape_tells_digits_case_and_script() -> None:
    shapes = [shape_of(token) for token in ("42", "XL", "Red", "red", "$", "黑", "สี", "đỏ", "🙂")]
    assert shapes == ["00", "A2", "Aa3", "a3", "$", "han", "thai", "a2*", "sign"]


def test_a_word_is_known_by_its_class_and_by_the_kinds_of_its_pieces() -> None:
    assert {"0 xgoods", "0 c0_2", "0 c1_20", "0 wdress", "-1 w2"} <= features("2 dress", 1)
    assert {"0 xcolourB", "0 c0_1", "0 c1_10"} <= features("黑色裙子", 0)
    assert {"0 c0_2", "0 c1_20", "0 q裙子E"} <= features("黑色裙子", 3)


def test_words_of_two_languages_that_are_used_alike_share_a_kind() -> None:
    assert "0 c0_2" in features("2 baju", 1) & features("2 dress", 1) & features("要裙子", 1)


def test_a_word_that_the_room_shows_is_marked_also_in_another_language() -> None:
    assert "r i" in features("the dress pls", 1, "linen dress")
    assert "r i=" in features("要裙子吗", 1, "linen dress")
    assert not any(name.startswith("r ") for name in features("要裙子吗", 1))


def test_the_path_is_the_best_of_all_that_are_allowed() -> None:
    chance = np.random.default_rng(5)
    shape = len(TAGS)
    steps, first = allowed(
        chance.normal(size=(shape, shape)).astype(np.float32),
        chance.normal(size=shape).astype(np.float32),
    )
    scores = [chance.normal(size=(size, shape)).astype(np.float32) for size in (2, 0, 3, 1)]
    paths = best_paths(scores, steps, first)
    for given, path in zip(scores, paths, strict=True):
        every = itertools.product(range(shape), repeat=len(given))

        def worth(tags: tuple[int, ...], given: np.ndarray = given) -> float:
            inner = sum(steps[a, b] for a, b in itertools.pairwise(tags))
            start = first[tags[0]] if tags else 0.0
            return float(start + inner + sum(given[at, tag] for at, tag in enumerate(tags)))

        assert tuple(path) == max(every, key=worth)


def test_a_slot_reaches_from_where_it_begins_to_where_it_goes_on_last() -> None:
    names = ["", "B-price", "I-price", "B-price", "B-place"]
    path = [TAGS.index(name) for name in names]
    spans = [(0, 1), (2, 4), (4, 6), (7, 8), (9, 12)]
    assert spans_of(path, spans) == [(2, 6, "price"), (7, 8, "price"), (9, 12, "place")]


def _weights(lexicon: str) -> SlotWeights:
    shape = len(TAGS)
    numbers = np.ones((2, shape), dtype=np.float32)
    steps, first = np.zeros((shape, shape), np.float32), np.zeros(shape, np.float32)
    return SlotWeights(("0 wred", "bias"), numbers, steps, first, lexicon, KINDS)


def test_equal_weights_give_equal_files_and_another_lexicon_is_refused(tmp_path: Path) -> None:
    files = []
    for _ in range(2):
        save_slot_weights(tmp_path, _weights(load_lexicon(KINDS).version))
        files.append((tmp_path / SLOTS).read_bytes())
    assert files[0] == files[1]
    loaded = load_slot_tagger(tmp_path)
    assert loaded is not None
    assert loaded.reader.lexicon.kinds.of("dress") == KINDS.of("dress")
    save_slot_weights(tmp_path, _weights("l2"))
    with pytest.raises(OperatorError, match="another lexicon"):
        load_slot_tagger(tmp_path)


def test_a_damaged_file_is_named_and_a_missing_one_is_none(tmp_path: Path) -> None:
    assert load_slot_tagger(tmp_path) is None
    (tmp_path / SLOTS).write_bytes(b"cut off")
    with pytest.raises(OperatorError, match="is damaged"):
        load_slot_tagger(tmp_path)


def test_a_line_of_the_lexicon_that_is_no_class_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.tsv"
    path.write_text("# words\ncolour red\n", encoding="utf-8")
    with pytest.raises(OperatorError, match="line 2"):
        load_lexicon(KINDS, path)
