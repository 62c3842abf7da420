"""The buckets of a message's n-grams hang on the message alone, and stand in order, each once."""

from __future__ import annotations

from zlib import crc32

from intent.classify.local.ngrams import (
    BUCKETS,
    character_ngrams,
    featurise,
    featurise_all,
    word_ngrams,
)
from tests.unit.classify.slots.offered import said

TEXTS = ("is the red one left?", "", "ราคาเท่าไหร่ 还有吗 🙂🙂", "aaaa aaaa", "size m")


def bucket(gram: str) -> int:
    return crc32(gram.encode("utf-8")) % (BUCKETS - 1) + 1


def test_words_and_their_pairs_are_marked() -> None:
    grams = ["w:red", "w:?", "w:^ red", "w:red ?", "w:? $"]
    assert word_ngrams("red?") == sorted(map(bucket, grams))


def test_what_stands_twice_in_a_text_counts_once() -> None:
    (found,) = character_ngrams(["aa aa"])
    assert found == sorted({bucket(gram) for gram in ("a", " a", "aa", "a ", " aa", "aa ", " aa ")})


def test_a_message_has_the_same_buckets_alone_and_among_others() -> None:
    messages = [said(text, "the red shoes", "shoes at 20") for text in TEXTS]
    alone = [featurise(message, text) for message, text in zip(messages, TEXTS, strict=True)]
    assert featurise_all(messages, TEXTS) == alone
    assert featurise_all([], []) == []
