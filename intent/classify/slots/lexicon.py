"""What single words are to whoever looks for slots: their classes in ``lexicon.tsv``, the kinds of
their pieces, and where words end in scripts that are written without spaces.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from intent.classify.slots.word_kinds import UNSPACED, WordKinds
from intent.model.errors import OperatorError

LEXICON = Path(__file__).resolve().parent / "lexicon.tsv"
"""Classes of words of the trade, one class a line: class, tab, words."""

_LONGEST = 8
"""Longest word of such a script, in tokens."""


class Word(NamedTuple):
    """A token as it is looked up.

    Attributes:
        token: as written.
        entry: the longest known word of an unspaced script that the token is part of, or the token
            in small letters.
        place: where in that word it stands: B, M or E; S where it is all of it, nothing where no
            such word is known.
    """

    token: str
    entry: str
    place: str


@dataclass(frozen=True)
class Lexicon:
    """Classes and kinds of words.

    Attributes:
        classes: by word, in small letters.
        version: twelve hexadecimal digits of the SHA-256 of its file.
    """

    classes: dict[str, tuple[str, ...]]
    kinds: WordKinds
    version: str

    @cached_property
    def _unspaced(self) -> frozenset[str]:
        own = {word for word in self.classes if word[0] >= UNSPACED}
        return frozenset(own | set(self.kinds.unspaced))

    def words(self, tokens: Sequence[str]) -> list[Word]:
        """Return the words of a text, one for each token; the longest known ones are taken from the
        left.
        """
        found: list[Word] = []
        while len(found) < len(tokens):
            start = len(found)
            if tokens[start][0] < UNSPACED:
                found.append(Word(tokens[start], tokens[start].lower(), ""))
                continue
            size = self._size(tokens, start)
            entry = "".join(tokens[start : start + max(size, 1)])
            places = "S" if size == 1 else "B" + "M" * (size - 2) + "E" if size else " "
            found += [
                Word(tokens[start + number], entry, place.strip())
                for number, place in enumerate(places)
            ]
        return found

    def _size(self, tokens: Sequence[str], start: int) -> int:
        for end in range(min(len(tokens), start + _LONGEST), start, -1):
            if "".join(tokens[start:end]) in self._unspaced:
                return end - start
        return 0

    def classes_of(self, word: Word) -> tuple[str, ...]:
        """Return the classes of a word, or of its token where it has none itself."""
        return self.classes.get(word.entry) or self.classes.get(word.token.lower(), ())


def load_lexicon(kinds: WordKinds, path: Path = LEXICON) -> Lexicon:
    """Read the classes of words.

    Raises:
        OperatorError: the file is missing, or a line is no class with words.
    """
    try:
        content = path.read_bytes()
        lines = content.decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(
            f"the lexicon {path} cannot be read: {error}; install the package again"
        ) from error
    classes: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        name, tab, words = line.partition("\t")
        if not tab or not words.strip():
            raise OperatorError(f"{path}, line {number}: write a class, a tab, and its words")
        for word in words.split():
            if name not in classes.setdefault(word, ()):
                classes[word] = (*classes[word], name)
    return Lexicon(classes, kinds, hashlib.sha256(content).hexdigest()[:12])
