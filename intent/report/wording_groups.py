"""Groups what people ask by its wording: the same ask in other dress is one line."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

MOST_GROUPS = 20_000
"""Wordings that are kept while counting; beyond it those that were seen once are let go."""

_WORD = re.compile(r"[^\W_]+")
_FLOOD = re.compile(r"([^\W\d_])\1{2,}")
_ADDRESS = """
kak kakak ka kk min mimin bang bg sis bun gan mas mbak om dong donk ya yaa sih nih deh pls plz
please hi hello hai halo bro sir dear ạ nha nhé shop ơi em anh chị ad porfa por favor hola amiga
ค่ะ คะ ครับ จ้า นะคะ 主播 亲 啊 呀 呢 吗
"""
_FILLERS = frozenset(_ADDRESS.split())
"""Words of address and politeness, which change nothing about what is asked."""


@dataclass(frozen=True, slots=True)
class AskedOften:
    """What several people asked.

    Attributes:
        label: the intent.
        item: what was on screen; None where nobody said.
        count: messages.
        wording: the wording that came most often, as somebody wrote it.
        others: how many other wordings there are.
    """

    label: str
    item: str | None
    count: int
    wording: str
    others: int


def wording_key(text: str) -> str:
    """Return what stands for all wordings of one ask: small letters, no accents of decoration,
    signs, floods or words of politeness; the text itself where nothing else is left.
    """
    plain = _FLOOD.sub(r"\1", unicodedata.normalize("NFKC", text[:300]).casefold())
    words = [word for word in _WORD.findall(plain) if word not in _FILLERS]
    return " ".join(words) or plain.strip()


class WordingGroups:
    """Counts wordings by intent and item."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str | None, str], Counter[str]] = {}

    def add(self, label: str, item: str | None, text: str) -> None:
        """Count a text."""
        group = self._groups.setdefault((label, item, wording_key(text)), Counter())
        shown = " ".join(text.split())[:160]
        if shown in group or len(group) < 10:
            group[shown] += 1
        else:
            group[""] += 1
        if len(self._groups) > MOST_GROUPS:
            self._groups = {key: one for key, one in self._groups.items() if one.total() > 1}

    def most(self, count: int, *, fewest: int = 2) -> list[AskedOften]:
        """Return what was asked most; only what was asked ``fewest`` times."""
        totals = ((one.total(), key, one) for key, one in self._groups.items())
        found = [one for one in totals if one[0] >= fewest]
        found.sort(key=lambda one: (-one[0], one[1][0], one[1][1] or "", one[1][2]))
        return [_asked(total, key, group) for total, key, group in found[:count]]


def _asked(total: int, key: tuple[str, str | None, str], group: Counter[str]) -> AskedOften:
    label, item, _ = key
    named = {text: times for text, times in group.items() if text}
    wording = min(named, key=lambda text: (-named[text], text))
    return AskedOften(label, item, total, wording, len(named) - 1)
