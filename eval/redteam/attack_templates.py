"""Reads what attacks and look-alikes are put together from: texts in six languages, as data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from intent.model.datafile import read_data

Family = Literal["role_breaks", "id_forging", "neighbours", "encodings", "floods", "quoted"]
FAMILIES: tuple[Family, ...] = get_args(Family)
"""Kinds of attack: posing as another role, as the reader's output, naming the labels of others,
hiding in an encoding, drowning the rest, and standing in quotes.
"""

_FILE = Path(__file__).with_name("templates.yaml")
_Texts = Annotated[tuple[str, ...], Field(min_length=1)]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Ask(_Data):
    """What a customer asks, and its labels; ``$item`` is what it is about."""

    text: str
    labels: _Texts


class Wordings(_Data):
    """How a family sounds: attacks, asks that look like one, and chatter that does."""

    attacks: _Texts
    asks: _Texts
    chatter: _Texts


class Language(_Data):
    """The texts of one language; ``offer`` is what its rooms sell."""

    offer: str
    items: _Texts
    asks: Annotated[tuple[Ask, ...], Field(min_length=1)]
    greetings: _Texts
    orders: _Texts
    short: str
    families: dict[Family, Wordings]


class Templates(_Data):
    """All texts; ``shared`` are attacks that need no language."""

    shared: dict[Family, _Texts]
    languages: dict[str, Language]


def load_templates() -> Templates:
    """Return the texts that come with the generator."""
    return read_data(Templates, _FILE)
