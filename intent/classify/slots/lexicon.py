"""What single words mean to whoever looks for slots: their classes in ``lexicon.tsv`` and their
English in the glossary; and where words end in scripts that are written without spaces.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol

from intent.model.errors import OperatorError

LEXICON = Path(__file__).resolve().parent / "lexicon.tsv"
"""Classes of words of the trade, one class a line: class, tab, words."""

_UNSPACED = "\u0e00"
"""Scripts that are written without spaces begin here."""

_LONGEST = 8
"""Longest word of such a script, in tokens."""


class Meanings(Protocol):
    """Words of other languages with their English, as the local model's glossary has them."""

    @property
    def unspaced(self) -> Mapping[str, str]:
        """Of all languages that are written without spaces."""

    @property
    def spaced(self) -> Mapping[str, Mapping[str, str]]:
        """Of the others, by language."""

    @property
    def version(self) -> str:
        """Hash of its content."""


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
    """Classes and meanings of words.

    Attributes:
        classes: by word, in small letters.
        version: twelve hexadecimal digits of the SHA-256 of its file.
    """

    classes: dict[str, tuple[str, ...]]
    glossary: Meanings
    version: str

    @cached_property
    def _unspaced(self) -> frozenset[str]:
        own = {word for word in self.classes if word[0] >= _UNSPACED}
        return frozenset(own | set(self.glossary.unspaced))

    def words(self, tokens: Sequence[str]) -> list[Word]:
        """Return the words of a text, one for each token; the longest known ones are taken from the
        left.
        """
        found: list[Word] = []
        while len(found) < len(tokens):
            start = len(found)
            if tokens[start][0] < _UNSPACED:
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

    def english(self, entry: str) -> frozenset[str]:
        """Return the first words of an entry's English, in whichever language it is known."""
        if entry[0] >= _UNSPACED:
            meanings = [self.glossary.unspaced.get(entry, "")]
        else:
            meanings = [known.get(entry, "") for known in self.glossary.spaced.values()]
        return frozenset(word for meaning in meanings for word in meaning.split()[:3])

    def classes_of(self, word: Word) -> tuple[str, ...]:
        """Return the classes of a word, or of its token where it has none itself, or else of its
        English.
        """
        known = self.classes.get(word.entry) or self.classes.get(word.token.lower())
        if known:
            return known
        english = sorted(self.english(word.entry))
        return tuple(dict.fromkeys(name for one in english for name in self.classes.get(one, ())))


def load_lexicon(glossary: Meanings, path: Path = LEXICON) -> Lexicon:
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
    return Lexicon(classes, glossary, hashlib.sha256(content).hexdigest()[:12])
