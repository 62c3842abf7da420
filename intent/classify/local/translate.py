"""Puts the trade's words of other languages into English, word by word, so that an encoder that
knows only English can follow the ask.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from intent.model.errors import OperatorError

GLOSSARY = Path(__file__).resolve().parent / "glossary.tsv"
"""The glossary that ships: written for this project, one entry a line: language, words, English."""

UNSPACED = frozenset({"zh", "th"})
"""Languages that are written without spaces between words; their scripts tell them apart from all
others.
"""

_RUN = re.compile(r"[\u0e00-\u0e7f]+|[\u3105-\u312f\u3400-\u9fff]+")
_TOKEN = re.compile(r"\w+|[^\w\s]+")
_SPACE = re.compile(r"\s+")
_PHRASE = 4
"""Longest entry of a spaced language, in words."""


@dataclass(frozen=True)
class Glossary:
    """Words in folded form and their English.

    Attributes:
        unspaced: of all languages that are written without spaces.
        spaced: by language; words and phrases, joined by one space.
        english: words that count as English when the language of a text is guessed.
        version: twelve hexadecimal digits of the SHA-256 of its file.
    """

    unspaced: Mapping[str, str]
    spaced: Mapping[str, Mapping[str, str]]
    english: frozenset[str]
    version: str

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self.unspaced), default=0)

    def translate(self, text: str) -> str:
        """Return a folded text with the words that are known in English; unknown ones stay, but are
        left out in unspaced scripts.
        """
        if not text.isascii() and _RUN.search(text):
            text = _RUN.sub(lambda run: f" {' '.join(self._runs(run.group()))} ", text)
        tokens = _TOKEN.findall(text)
        language = self.language(tokens)
        if language is None:
            return _SPACE.sub(" ", text).strip()
        return " ".join(self._phrases(tokens, self.spaced[language]))

    def language(self, tokens: list[str]) -> str | None:
        """Guess the spaced language of a text by the words that are known in each; None for English
        and for what cannot be told.
        """
        telling = [token for token in tokens if len(token) > 1]
        best, most = None, sum(token in self.english for token in telling)
        for language, entries in self.spaced.items():
            count = sum(token in entries for token in telling)
            if count > most:
                best, most = language, count
        return best

    def _runs(self, run: str) -> Iterator[str]:
        start = 0
        while start < len(run):
            for length in range(min(self._longest, len(run) - start), 0, -1):
                english = self.unspaced.get(run[start : start + length])
                if english is not None:
                    yield english
                    start += length
                    break
            else:
                start += 1

    def _phrases(self, tokens: list[str], entries: Mapping[str, str]) -> Iterator[str]:
        start = 0
        while start < len(tokens):
            for length in range(min(_PHRASE, len(tokens) - start), 0, -1):
                english = entries.get(" ".join(tokens[start : start + length]))
                if english is not None:
                    yield english
                    start += length
                    break
            else:
                yield tokens[start]
                start += 1


def load_glossary(path: Path = GLOSSARY) -> Glossary:
    """Read a glossary.

    Raises:
        OperatorError: it is missing or a line is no entry.
    """
    try:
        content = path.read_bytes()
        lines = content.decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(
            f"the glossary {path} cannot be read: {error}; install the package again"
        ) from error
    unspaced: dict[str, str] = {}
    spaced: dict[str, dict[str, str]] = {}
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        language, tab, entry = line.partition("\t")
        words, second_tab, english = entry.partition("\t")
        if not (tab and second_tab and words):
            raise OperatorError(
                f"{path}, line {number}: an entry is language, words and English with tabs between"
            )
        (unspaced if language in UNSPACED else spaced.setdefault(language, {}))[words] = english
    for entries in spaced.values():
        _add_plain(entries)
    # English as far as the trade goes: every word that some entry is explained with, and the words
    # of the language "en".
    known = {
        word
        for entries in (unspaced, *spaced.values())
        for english in entries.values()
        for word in _TOKEN.findall(english)
    }
    known |= set(spaced.pop("en", {}))
    return Glossary(unspaced, spaced, frozenset(known), hashlib.sha256(content).hexdigest()[:12])


def _add_plain(entries: dict[str, str]) -> None:
    """Add each entry without its accents, as hurried people type it, where that is no entry
    already.
    """
    for words, english in list(entries.items()):
        letters = unicodedata.normalize("NFD", words.replace("đ", "d"))
        entries.setdefault(
            "".join(letter for letter in letters if not unicodedata.combining(letter)), english
        )
