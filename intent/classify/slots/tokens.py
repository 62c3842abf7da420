"""A text cut into numbers, words and signs, for rules that look at what stands beside a number."""

from __future__ import annotations

import re

# Numbers are bounded and never begun in the middle: a flood of digits costs no more than its
# length.
_TOKEN = re.compile(r"\d{1,9}(?:[.,]\d{1,9}){0,4}|[^\W\d_]+|[^\w\s]")


class Tokens:
    """Numbers, words and signs in order; beyond both ends stand empty words.

    Attributes:
        exact, words: as written, and in small letters.
        starts, ends: places in the text, in characters.
    """

    def __init__(self, text: str) -> None:
        """Cut a text."""
        matches = list(_TOKEN.finditer(text))
        self.count = len(matches)
        self.exact = [match.group() for match in matches]
        # Empty words at the end, so that places after it and before the start (-1, -2) can be asked
        # for.
        self.words = [*map(str.lower, self.exact), "", "", "", ""]
        self.starts = [match.start() for match in matches]
        self.ends = [match.end() for match in matches]

    def is_number(self, place: int) -> bool:
        """Say whether a number stands at a place."""
        return self.words[place][:1].isdecimal()

    def digits(self, place: int) -> int:
        """Return how many digits a number has."""
        return sum(sign.isdecimal() for sign in self.words[place])

    def is_whole(self, place: int) -> bool:
        """Say whether a number is a plain whole one."""
        return self.words[place].isdecimal()

    def glued(self, place: int) -> bool:
        """Say whether a token stands right behind the one before it."""
        return 0 < place < self.count and self.starts[place] == self.ends[place - 1]

    def near(self, place: int) -> bool:
        """Say whether a token stands behind the one before it with one space at most."""
        return 0 < place < self.count and self.starts[place] - self.ends[place - 1] <= 1

    def sticks(self, place: int, apart: frozenset[str] = frozenset()) -> bool:
        """Say whether a token and the one before it are one word: "pr3m10s", but not "D3奶茶", as
        scripts without spaces stick to everything.
        """
        if not self.glued(place) or self.words[place - 1] in apart:
            return False
        return all(
            sign.isalnum() and sign < "\u0e00"
            for sign in (self.words[place - 1][-1], self.words[place][0])
        )
