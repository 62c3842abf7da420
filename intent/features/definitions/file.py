"""What stands in ``definitions.yaml`` and in files of own feature sets: their shape, checked."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SECOND = 1_000_000
"""Microseconds in a second."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Seconds = Annotated[int, Field(gt=0)]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class View(_Data):
    """An entity and its key; ``distinct`` names the columns that can be counted, ``from_rows`` says
    that windows count the rows themselves.
    """

    keys: tuple[Name, ...]
    meaning: str
    privacy: str
    distinct: dict[Name, Name]
    from_rows: bool = False


class Window(_Data):
    """A length and the tile that its start is aligned to, in seconds."""

    seconds: Seconds
    tile: Seconds

    def start(self, at: int) -> int:
        """Return the first microsecond that the window at ``at`` microseconds covers."""
        return (at - self.seconds * SECOND) // (self.tile * SECOND) * (self.tile * SECOND)


class Statistic(_Data):
    """What is computed: of which topics, by window or half-life, in which unit, and what stands for
    *none*.

    Attributes:
        prior: of a smoothed ratio, what is added to part and whole: few messages say little.
        views: the entities that have it; empty for all.
    """

    topics: Literal["all", "intents", "groups", "message", "lead"]
    by: Literal["window", "half_life", "none"]
    unit: str
    meaning: str
    zero: Literal[0, "missing", "empty"]
    prior: tuple[float, float] | None = None
    views: tuple[Name, ...] = ()


class SetDefinition(_Data):
    """The ordered list of features that one model version uses; without a digest it may still
    change under its name.
    """

    digest: str | None = None
    meaning: str = "own set"
    features: tuple[str, ...] = Field(min_length=1)


class DefinitionsFile(_Data):
    """All of ``definitions.yaml``."""

    views: dict[Name, View]
    windows: dict[str, Window]
    half_lives: dict[str, Seconds]
    time_to_live: Seconds
    statistics: dict[Name, Statistic]
    feature_sets: dict[Name, SetDefinition]


class OwnSets(_Data):
    """A file of feature sets of one's own."""

    feature_sets: dict[Name, SetDefinition]
