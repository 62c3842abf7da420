"""What a source says of itself: how it is named and set up, what it keeps and what it cannot
promise; ``docs/sources.md`` is written from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from intent.model.errors import WrongUse

Value: TypeAlias = str | int | float | bool
"""What an option may be set to."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A variable of the environment that only whoever runs the source may know.

    Attributes:
        variable: its name, such as ``INTENT_SHOP_KEY``.
        what: what it holds, in a few words.
        optional: the source also runs without it.
    """

    variable: str
    what: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """Something that may be set beside ``source`` in sources.yaml.

    Attributes:
        what: what it does and its unit, in a few words.
        default: what holds without it; its type is the option's.
    """

    name: str
    what: str
    default: Value


@dataclass(frozen=True, slots=True)
class Declaration:
    """All that people are told of one kind of source, in plain sentences.

    Attributes:
        scheme: what stands before the colon of a source.
        title: what it reads, such as ``Twitch chat``.
        example: a whole source, such as ``twitch:#channel``.
        needs: what must be there before: an account, a scope, an extra package.
        secrets: read from the environment, and from nowhere else.
        keeps: what it promises.
        cannot: what it cannot promise: which gaps nobody can fill, what the platform withholds.
        start: about five lines to start, as they are typed.
        waits: its platform keeps what is not read, so that nothing is lost while there is no room
            for it; what any other source reads then is dropped, and a gap.
    """

    scheme: str
    title: str
    example: str
    needs: tuple[str, ...] = ()
    secrets: tuple[Secret, ...] = ()
    options: tuple[Option, ...] = ()
    keeps: tuple[str, ...] = ()
    cannot: tuple[str, ...] = ()
    start: str = ""
    waits: bool = False

    def checked(self, given: Mapping[str, object]) -> dict[str, Value]:
        """Return the value of every option: what was given, else its default.

        Raises:
            WrongUse: an option is unknown or of another type.
        """
        known = {option.name: option for option in self.options}
        for name in given:
            if name not in known:
                may = ", ".join(known) or "none"
                raise WrongUse(f"{self.scheme}: has no option {name!r}; it has: {may}")
        return {
            name: self._value(option, given.get(name, option.default))
            for name, option in known.items()
        }

    def _value(self, option: Option, value: object) -> Value:
        wanted = type(option.default)
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, str | int | float) and type(value) is wanted:
            return value
        names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
        raise WrongUse(f"{self.scheme}: the option {option.name!r} must be {names[wanted]}")
