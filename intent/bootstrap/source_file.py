"""Chooses what to listen to: sources as they are written on the command line, or named in
sources.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import (
    BaseModel,
    ConfigDict,
    RootModel,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from intent.bootstrap.sources import SourceKind, split_source
from intent.model.datafile import read_data
from intent.model.errors import WrongUse
from intent.model.message import Id
from intent.sources.declaration import Value

DEFAULT_FILE = Path("sources.yaml")
MAX_NAME_CHARACTERS = 500
"""Longest name that the table of positions takes."""

CATEGORY = "category"
"""A key that every source may have beside its options."""

WRITTEN = "write a name and a source for each, such as shop: exec:./room"
"""What to do about a file that cannot be read."""


class _Described(BaseModel):
    """A source with its options, which its kind checks."""

    model_config = ConfigDict(extra="allow", frozen=True)

    source: str

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        if not isinstance(value, str | dict):
            raise ValueError("it is no source")
        return {"source": value} if isinstance(value, str) else value


class SourceFile(RootModel[dict[str, _Described]]):
    """``sources.yaml``: a name, and the source, or ``source:`` and its options."""


@dataclass(frozen=True, slots=True)
class NamedSource:
    """A source that can be built.

    Attributes:
        name: under which its position is kept.
        target: what stands behind the colon.
        options: the value of every option.
        category: of its rooms; messages that name none get it. None: nothing was said.
    """

    name: str
    kind: SourceKind
    target: str
    options: Mapping[str, Value]
    category: str | None = None


def chosen_sources(words: Sequence[str], file: Path | None) -> list[NamedSource]:
    """Return the sources that were asked for, each once; without words all of the file.

    Args:
        words: names in the file, or sources as they are written.
        file: a file that must be there; None looks for sources.yaml in this folder.

    Raises:
        WrongUse: nothing was asked for, or something that is no source.
        TemplateError: the file cannot be read.
    """
    if file is None and DEFAULT_FILE.is_file():
        file = DEFAULT_FILE
    named = _named(file) if file is not None else {}
    if not words and not named:
        raise WrongUse(
            "there is nothing to listen to; name a source, such as exec:./room, or write "
            "sources.yaml (all kinds: intent sources --kinds)"
        )
    chosen = {word: named.get(word) or _source(word, word, {}) for word in words or named}
    return list(chosen.values())


def _named(file: Path) -> dict[str, NamedSource]:
    found = {}
    for name, described in read_data(SourceFile, file, remedy=WRITTEN).root.items():
        try:
            found[name] = _source(name, described.source, described.model_extra or {})
        except WrongUse as error:
            raise WrongUse(f"{file}, {name}: {error}") from error
    return found


def _source(name: str, source: str, given: Mapping[str, object]) -> NamedSource:
    kind, target = split_source(source)
    if not name:
        raise WrongUse(f"the name is empty; {WRITTEN}")
    if len(name) > MAX_NAME_CHARACTERS:
        raise WrongUse(
            f"a source of {len(name)} characters needs a shorter name; give it one in sources.yaml"
        )
    options = {key: value for key, value in given.items() if key != CATEGORY}
    checked = kind.declaration.checked(options)
    return NamedSource(name, kind, target, checked, _category(given.get(CATEGORY)))


_IDS: TypeAdapter[str] = TypeAdapter(Id)


def _category(given: object) -> str | None:
    try:
        return None if given is None else _IDS.validate_python(given)
    except ValidationError:
        raise WrongUse(
            "the category must be the platform's own id of it, a text of at most 200 characters"
        ) from None
