"""Words are told by the clusters of their longest known pieces, whatever their script."""

from __future__ import annotations

import numpy as np
import pytest

from intent.classify.slots.word_kinds import WordKinds

KINDS = WordKinds(
    ("▁dress", "▁dre", "es", "s", "▁你", "你", "好吗", "▁เสื้อ"),
    np.array([[0, 9], [1, 8], [2, 7], [2, 6], [3, 5], [4, 4], [5, 3], [6, 2]], dtype=np.uint16),
)


@pytest.mark.parametrize(
    ("word", "kinds"),
    [
        ("dress", ("0_0", "1_9")),
        ("DRESSES", ("0_0", "1_9", "0_2", "1_7")),
        ("s", ("0_2", "1_6")),
        ("dreqs", ("0_1", "1_8", "0_2", "1_6")),
        ("qq", ()),
        ("你", ("0_3", "1_5")),
        ("好吗", ("0_5", "1_3")),
        ("เสื้อ", ("0_6", "1_2")),
        ("好", ()),
    ],
)
def test_a_word_has_the_kinds_of_its_longest_pieces(word: str, kinds: tuple[str, ...]) -> None:
    assert KINDS.of(word) == kinds


def test_words_end_where_pieces_of_unspaced_scripts_do() -> None:
    assert set(KINDS.unspaced) == {"你", "好吗", "เสื้อ"}


def test_of_a_long_word_the_beginning_is_told() -> None:
    assert KINDS.of("s" * 10_000 + "dress") == ("0_2", "1_6")
