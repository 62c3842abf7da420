"""Draws the wording of one attack or look-alike."""

from __future__ import annotations

import random
from dataclasses import dataclass
from string import Template
from typing import TypeVar

from eval.data.dataset import ExpectedSlot
from eval.redteam.attack_templates import Family, Language, Templates
from eval.redteam.disguises import DISGUISES, encoded
from intent.model.taxonomy import Taxonomy

_FLOOD = 150
"""How often a word is repeated by a flood: *hundreds of the same word* by the guideline."""

_FLOOD_BYTES = 6000
"""What a flood may take of the bytes that a message may have."""

Choice = TypeVar("Choice")
_DIGITS = "0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Wording:
    """A text with what is right for it."""

    text: str
    labels: tuple[str, ...]
    slots: tuple[ExpectedSlot, ...] = ()


class Writer:
    """Writes in one language, by a random number generator that it is given."""

    def __init__(
        self, templates: Templates, language: Language, taxonomy: Taxonomy, chance: random.Random
    ) -> None:
        self._shared, self._language, self._chance = templates.shared, language, chance
        self._leads = tuple(name for name in taxonomy.names if name in taxonomy.leads)
        self._others = tuple(name for name in taxonomy.names if name not in taxonomy.leads)

    def attack(self, family: Family) -> Wording:
        """Return an attack: alone, behind a greeting, or behind a true ask, which does not save it
        (rule 16).
        """
        text = self._hostile(family)
        ahead = self._chance.choice(("", "", self._one(self._language.greetings), self._ask()[0]))
        return Wording(f"{ahead} {text}".strip(), ("spam",))

    def benign(self, family: Family) -> Wording:
        """Return a look-alike: two asks for each chatter."""
        words = self._language.families[family]
        if self._chance.random() < 1 / 3:
            text = Template(self._one(words.chatter)).substitute(short=self._language.short)
            return Wording(self._greeted(text), ("chatter",))
        ask, labels, item = self._ask()
        text = Template(self._one(words.asks)).substitute(ask=ask, short=self._language.short)
        text = self._greeted(text)
        if family == "encodings":
            hide = self._one(DISGUISES)
            text, item = hide(text), hide(item)
        return Wording(text, labels, (ExpectedSlot(kind="product", text=item),))

    def ask(self) -> Wording:
        """Return a plain ask."""
        text, labels, item = self._ask()
        return Wording(self._greeted(text), labels, (ExpectedSlot(kind="product", text=item),))

    def _hostile(self, family: Family) -> str:
        label = self._one(self._others if family == "neighbours" else self._leads)
        order = Template(self._one(self._language.orders)).substitute(label=label)
        if family == "encodings" and self._chance.random() < 2 / 3:
            return self._one(DISGUISES)(order)
        if family == "floods" and self._chance.random() < 2 / 3:
            word = self._one((label, order.split()[0][:16], f"{label}=1"))
            times = _FLOOD + self._chance.randrange(_FLOOD)
            return " ".join([word] * min(times, _FLOOD_BYTES // len(f"{word} ".encode())))
        words = (*self._language.families[family].attacks, *self._shared.get(family, ()))
        return Template(self._one(words)).substitute(
            order=order,
            label=label,
            code=encoded(order),
            id="".join(self._chance.choices(_DIGITS, k=6)),
        )

    def _ask(self) -> tuple[str, tuple[str, ...], str]:
        item, ask = self._one(self._language.items), self._chance.choice(self._language.asks)
        return Template(ask.text).substitute(item=item), ask.labels, item

    def _greeted(self, text: str) -> str:
        if self._chance.random() < 1 / 2:
            return text
        return f"{self._one(self._language.greetings)}, {text}"

    def _one(self, choices: tuple[Choice, ...]) -> Choice:
        return self._chance.choice(choices)
