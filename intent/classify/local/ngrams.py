"""Turns a message into hashed character and word n-grams, and into features of the situation in
which it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

import numpy as np

from intent.classify.folding import MAX_CHARACTERS, fold
from intent.classify.local.hashing import character_hashes
from intent.classify.local.offers import sells_nothing
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


def character_ngrams(texts: Sequence[str]) -> list[list[int]]:
    """Return for each text the buckets of the n-grams of 1 to 5 characters inside each token that
    is padded with one space on both sides.
    """
    hashes, rows = character_hashes(texts, LONGEST)
    keys = np.sort(rows * BUCKETS + hashes % (BUCKETS - 1) + 1)
    keys = keys[np.append(True, keys[1:] != keys[:-1])[: len(keys)]]
    ends = np.searchsorted(keys, np.arange(len(texts) + 1) * BUCKETS).tolist()
    found: list[int] = (keys % BUCKETS).tolist()
    return [found[start:end] for start, end in pairwise(ends)]


def word_ngrams(text: str) -> list[int]:
    """Return the buckets of words, signs and their pairs, marked so that they never meet character
    n-grams; digits count as a shape too.
    """
    begun = crc32(b"w:")
    found: set[int] = set()
    # A pair's hash goes on from that of its first word.
    before = crc32(b"^", begun)
    for token in _TOKEN.findall(text):
        stored = token.encode("utf-8")
        found.add(crc32(b" " + stored, before))
        before = crc32(stored, begun)
        found.add(before)
    found.add(crc32(b" $", before))
    return sorted({one % (BUCKETS - 1) + 1 for one in found})


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
    if sells_nothing(message):
        yield "s:nothing sold"
    yield f"s:length {min(len(text) // 6, 8)}"
    # What every link has is looked for first: most texts have nothing of it.
    if ("." in text or "/" in text) and _LINK.search(text):
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
    if context is None or not (context.item or context.offer):
        return
    item, offer = _folded(context.item or ""), _folded(context.offer or "")
    size = "b" if brief else "l"
    for token in _TOKEN.findall(item):
        yield f"i{size}:{token}"
    named = {token for token in _TOKEN.findall(text) if len(token) > 2}
    if any(token in item for token in named):
        yield f"m:item {size}"
    if any(token in offer for token in named):
        yield f"m:offer {size}"


@lru_cache(maxsize=256)
def _folded(shown: str) -> str:
    # A room shows the same to all its messages.
    return fold(shown)


def buckets(features: Iterable[str]) -> list[int]:
    """Hash features to bucket numbers in [1, BUCKETS), sorted and each once; 0 stays free for
    *unknown*.
    """
    return sorted({crc32(feature.encode("utf-8")) % (BUCKETS - 1) + 1 for feature in features})


BLOCKS = ("characters", "words", "situation")
"""The groups of features; each is scaled to length one before it is weighted, so that long texts
don't outvote short ones.
"""


def featurise(message: Message, text: str) -> tuple[list[int], ...]:
    """Return the bucket numbers of one message, block by block in the order of :data:`BLOCKS`;
    ``text`` is the folded text.
    """
    (features,) = featurise_all([message], [text])
    return features


def featurise_all(messages: Sequence[Message], texts: Sequence[str]) -> list[tuple[list[int], ...]]:
    """Return the bucket numbers of each message, as :func:`featurise` does; of a hundred at once it
    takes a third of the time.
    """
    return [
        (characters, word_ngrams(text), buckets(situation_features(message, text)))
        for characters, message, text in zip(character_ngrams(texts), messages, texts, strict=True)
    ]
