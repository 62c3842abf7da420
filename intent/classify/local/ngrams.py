"""Turns a message into hashed character and word n-grams, and into features of the situation in
which it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from zlib import crc32

from intent.classify.folding import MAX_CHARACTERS, fold
from intent.classify.local.styling import styling_features
from intent.model.message import AuthorRole, Kind, Message

BUCKETS = 1 << 20
"""Number of hash buckets; at the size of our vocabulary fewer than one feature in twenty shares its
bucket.
"""

LONGEST = 5
"""Longest character n-gram."""

SHORT = 16
"""A text of at most so many characters is read together with its situation: it may be a bare
detail.
"""

_TOKEN = re.compile(r"\w+|[^\w\s]")
_DIGITS = re.compile(r"\d+")
_LINK = re.compile(
    r"(?:https?://|www\.)\S+|\b[\w-]+\.(?:com|net|org|ly|me|id|bet|shop|xyz|info|top|vip|link|cc|io)\b(?:/\S*)?"
)


def character_ngrams(text: str) -> set[str]:
    """Return the n-grams of 1 to 5 characters inside each token that is padded with one space on
    both sides.
    """
    grams: set[str] = set()
    for token in text.split():
        padded = f" {token} "
        size = len(padded)
        grams.update(token)
        for length in range(2, min(LONGEST, size) + 1):
            grams.update([padded[start : start + length] for start in range(size - length + 1)])
    return grams


def word_ngrams(text: str) -> set[str]:
    """Return words, signs and their pairs, marked so that they never meet character n-grams; digits
    count as a shape too.
    """
    tokens = _TOKEN.findall(text)
    grams = {f"w:{token}" for token in tokens}
    grams.update(
        f"w:{left} {right}" for left, right in zip(["^", *tokens], [*tokens, "$"], strict=True)
    )
    return grams


def shape(text: str) -> str:
    """Return the text with every digit as 0, every Latin letter as a and every other letter as its
    script's first: a size, a code, a number.
    """
    return "".join(
        "0"
        if sign.isdigit()
        else "a"
        if sign.isascii() and sign.isalpha()
        else "x"
        if sign.isalpha()
        else sign
        for sign in text
    )


def situation(message: Message) -> str:
    """Name where the message stands: the shop's inbox, a room with an item on screen, a room with
    an offer, or nowhere known.
    """
    context = message.context
    if message.kind is Kind.CHAT:
        return "chat" if context is not None and context.offer else "chat-bare"
    if context is None or not (context.offer or context.item):
        return "bare"
    return "item" if context.item else "room"


def situation_features(message: Message, text: str) -> Iterator[str]:
    """Yield features of the situation; ``text`` is the folded text."""
    where = situation(message)
    yield f"s:{where}"
    yield from styling_features(message.text[:MAX_CHARACTERS])
    if message.author_role is not AuthorRole.VIEWER:
        yield "s:staff"
    yield f"s:length {min(len(text) // 6, 8)}"
    if _LINK.search(text):
        yield "s:link"
    if "?" in text:
        yield "s:asks"
    if message.reply_to is not None and message.reply_to.text:
        for token in _TOKEN.findall(fold(message.reply_to.text)):
            yield f"r:{token}"
    yield from _context_features(message, text, where)


def _context_features(message: Message, text: str, where: str) -> Iterator[str]:
    brief = len(text) <= SHORT
    if brief:
        yield f"b:{where}"
        yield f"b:{where} {shape(text)}"
        yield f"b:{where} {'?' in text} {any(sign.isdigit() for sign in text)}"
    context = message.context
    if context is None:
        return
    item, offer = fold(context.item or ""), fold(context.offer or "")
    size = "b" if brief else "l"
    for token in _TOKEN.findall(item):
        yield f"i{size}:{token}"
    named = {token for token in _TOKEN.findall(text) if len(token) > 2}
    if any(token in item for token in named):
        yield f"m:item {size}"
    if any(token in offer for token in named):
        yield f"m:offer {size}"


def buckets(features: Iterable[str]) -> list[int]:
    """Hash features to bucket numbers in [1, BUCKETS), sorted and each once; 0 stays free for
    *unknown*.
    """
    return sorted({crc32(feature.encode("utf-8")) % (BUCKETS - 1) + 1 for feature in features})


BLOCKS = ("characters", "words", "situation", "english")
"""The groups of features; each is scaled to length one before it is weighted, so that long texts
don't outvote short ones.
"""


def featurise(message: Message, text: str, english: str) -> tuple[list[int], ...]:
    """Return the bucket numbers of one message, block by block in the order of :data:`BLOCKS`.

    Args:
        text: the folded text.
        english: the same with known words in English; it adds nothing where it is the same.
    """
    translated = buckets(f"g{gram}" for gram in word_ngrams(english))
    return (
        buckets(character_ngrams(text)),
        buckets(word_ngrams(text)),
        buckets(situation_features(message, text)),
        translated,
    )
