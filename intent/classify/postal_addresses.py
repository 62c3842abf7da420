"""Finds postal addresses in a text, by rules of countries as data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from intent.classify.address_rules import RULES
from intent.classify.address_words import (
    INTRODUCED,
    INTRODUCTION,
    NO_NAME,
    SIGNS,
    STREETS,
    SUFFIXES,
    TAIL,
)

_DIGIT = re.compile(r"\d")
_WORDS = re.compile(r"[^\W\d_]+")
_LATIN_WORDS = re.compile(r"[a-zß-öø-ỹ]+")
_INTRODUCTIONS = 5
"""Words that say that an address comes are looked behind so often in one text."""

_LONGEST = 300
"""Longest address, in characters."""


def find_addresses(text: str) -> list[tuple[int, int]]:
    """Return where addresses stand, as ``text[start:end]`` in characters, in order and without
    overlaps. An address has a number: a street or a town by itself is none.
    """
    if not (_DIGIT.search(text) and _may_hold_one(text)):
        return []
    joined: list[tuple[int, int]] = []
    for start, end in sorted(_candidates(text)):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _may_hold_one(text: str) -> bool:
    """Say whether the rules are worth trying: most texts with a number hold no word of theirs."""
    words = _LATIN_WORDS.findall(text.lower())
    return (
        not STREETS.isdisjoint(words)
        or SIGNS.search(text) is not None
        or any(word.endswith(SUFFIXES) for word in words)
    )


def _candidates(text: str) -> Iterator[tuple[int, int]]:
    for rule in RULES:
        for match in rule.pattern.finditer(text):
            if not _is_no_name(match):
                yield match.start(), _end(text, match)
    for begun in islice(INTRODUCTION.finditer(text), _INTRODUCTIONS):
        if found := INTRODUCED.match(text, begun.end()):
            yield found.start(), _end(text, found)


def _is_no_name(match: re.Match[str]) -> bool:
    name = match.groupdict().get("name")
    return name is not None and any(NO_NAME.fullmatch(word) for word in _WORDS.findall(name))


def _end(text: str, found: re.Match[str]) -> int:
    tail = TAIL.match(text, found.end(), found.start() + _LONGEST)
    return found.end() if tail is None else tail.end()
