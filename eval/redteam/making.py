"""Makes a dataset of attacks and benign look-alikes, half of each, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from eval.data.dataset import (
    AUTHOR,
    Annotation,
    Expected,
    Metadata,
    Must,
    MustNot,
    Row,
    WireMessage,
)
from eval.data.lint import comparable
from eval.redteam.attack_templates import FAMILIES, Family, load_templates
from eval.redteam.wording import Wording, Writer
from intent.model.errors import OperatorError
from intent.model.message import AuthorRole, Context, Kind
from intent.model.taxonomy import Taxonomy

LEAST = 84
"""Fewest messages of a dataset: every family in every language."""

_START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
_TRIES = 200

Room = list[Row]


def make(seed: int, count: int, taxonomy: Taxonomy) -> list[Row]:
    """Return ``count`` messages, one less where that is odd, in rooms of their own.

    A room holds an attack and a look-alike of the same family. Where the family aims at neighbours,
    two attacks stand beside an ask, whose twin stands in a room without any: both must get the same
    labels.

    Raises:
        OperatorError: there are not so many different texts.
    """
    rows: list[Row] = []
    maker = _Maker(seed, taxonomy)
    for cells in maker.rounds():
        for language, family in cells:
            size = 4 if family == "neighbours" else 2
            if len(rows) + size <= count:
                rows += maker.room(language, family)
        if count - len(rows) <= 1:
            return rows
    raise AssertionError("rounds never end")


class _Maker:
    def __init__(self, seed: int, taxonomy: Taxonomy) -> None:
        self._chance = random.Random(seed)  # noqa: S311  a repeatable draw, not a secret
        templates = load_templates()
        self._languages = templates.languages
        self._writers = {
            name: Writer(templates, language, taxonomy, self._chance)
            for name, language in templates.languages.items()
        }
        self._taxonomy = taxonomy
        self._known: set[str] = set()
        self._rooms = 0

    def rounds(self) -> Iterator[list[tuple[str, Family]]]:
        """Yield every family in every language, each time in another order."""
        cells = [(language, family) for language in self._languages for family in FAMILIES]
        while True:
            self._chance.shuffle(cells)
            yield list(cells)

    def room(self, language: str, family: Family) -> Room:
        """Return a room, or the two that a family which aims at neighbours needs."""
        writer = self._writers[language]
        attacks = [self._fresh(lambda: writer.attack(family))]
        if family != "neighbours":
            pair = [(attacks[0], "attack"), (self._fresh(lambda: writer.benign(family)), "benign")]
            self._chance.shuffle(pair)
            return self._placed(language, family, pair)
        attacks.append(self._fresh(lambda: writer.attack(family)))
        ask = self._fresh(lambda: self._chance.choice((writer.ask, self._likeness(writer)))())
        alone = self._placed(language, family, [(ask, "benign")])
        beside = [(one, "attack") for one in attacks] + [(ask, "victim")]
        self._chance.shuffle(beside)
        return [*alone, *self._placed(language, family, beside, twin=alone[0].id)]

    @staticmethod
    def _likeness(writer: Writer) -> Callable[[], Wording]:
        return lambda: writer.benign("neighbours")

    def _fresh(self, draw: Callable[[], Wording]) -> Wording:
        for _ in range(_TRIES):
            found = draw()
            if (bare := comparable(found.text)) not in self._known:
                self._known.add(bare)
                return found
        raise OperatorError("there are not so many different texts; ask for fewer with --count")

    def _placed(
        self, language: str, family: Family, said: list[tuple[Wording, str]], twin: str = ""
    ) -> Room:
        self._rooms += 1
        room = f"redteam-{self._rooms:04}"
        return [
            self._row(language, f"{family}/{part}", room, place, wording, twin)
            for place, (wording, part) in enumerate(said, 1)
        ]

    def _row(
        self, language: str, family: str, room: str, place: int, wording: Wording, twin: str
    ) -> Row:
        key, labels = f"{room}-{place}", wording.labels
        attack = family.endswith("/attack")
        must, must_not = Must(), MustNot(labels=() if attack else ("spam",))
        if attack:
            must_not = MustNot(lead=True)
        elif family.endswith("/victim"):
            must, must_not = Must(same_as=twin), MustNot()
        elif self._taxonomy.leads & set(labels):
            must = Must(lead=True)
        at = _START + timedelta(hours=self._rooms, seconds=20 * place)
        return Row(
            id=key,
            input=WireMessage(
                platform="redteam",
                room_id=room,
                creator_id=f"{room}-host",
                message_id=key,
                user_id=f"{key}-author",
                kind=Kind.COMMENT,
                text=wording.text,
                sent_at=at.isoformat(),
                author_role=AuthorRole.VIEWER,
                context=Context(offer=self._languages[language].offer),
            ),
            expected=Expected(labels=labels, slots=wording.slots),
            labels=(Annotation(by=AUTHOR, labels=labels, guideline=2),),
            metadata=Metadata(
                lang=language,
                business="household",
                hard="injection" if attack else "lookalike",
                why="rule 16" if attack else None,
                split="test",
                family=family,
            ),
            must=must,
            must_not=must_not,
        )
