"""Which columns are held against each other: what intents say, and as many columns that count
messages alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from intent.features.definitions.definitions import MESSAGE, Definitions, Feature, FeatureSet

_UNNUMBERED = frozenset({"tags", "sequence_50"})

_TELL_HOW_MANY = frozenset({"expected", "variance", "rate", "share_of_leads"})
"""Statistics of intents alone, which know more where more was written."""


@dataclass(frozen=True, slots=True)
class LiftColumns:
    """Features by what they may know.

    Attributes:
        messages: how many messages, by whom, how long ago: whatever their intents.
        intents: what the messages want.
    """

    messages: tuple[Feature, ...]
    intents: tuple[Feature, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All names, messages first."""
        return tuple(feature.name for feature in (*self.messages, *self.intents))


def lift_columns(chosen: FeatureSet, definitions: Definitions) -> LiftColumns:
    """Divide a feature set, and give every feature of an intent its twin that counts messages, so
    that what only the number of messages says is not taken for what intents say.
    """
    numeric = [one for one in chosen.features if one.statistic not in _UNNUMBERED]
    intents = tuple(one for one in numeric if one.topic != MESSAGE)
    own = [one for one in numeric if one.topic == MESSAGE]
    twins = [_twin(one, definitions) for one in intents]
    messages = dict.fromkeys([*own, *(twin for twin in twins if twin is not None)])
    return LiftColumns(tuple(messages), intents)


def _twin(feature: Feature, definitions: Definitions) -> Feature | None:
    """Return the feature that counts messages where this one counts an intent, of the same entity
    and window; what has no such one, and tells how many messages there were, has the count as its.
    """
    tail = feature.name.split("__")[2]
    if feature.statistic in _TELL_HOW_MANY:
        tail = f"count_{feature.window}"
    return definitions.features.get(f"{feature.view}__{MESSAGE}__{tail}")


def lately_column(names: Sequence[str], topic: str) -> int | None:
    """Return the number of the column that counts what a viewer said of a topic within the shortest
    window of a day or more; None where no name is such a column.
    """
    for window in ("24h", "7d", "30d"):
        name = f"user__{topic}__count_{window}"
        if name in names:
            return names.index(name)
    return None


def intent_columns(names: Iterable[str], definitions: Definitions) -> tuple[str, ...]:
    """Return those of the names that are features of intents."""
    known = definitions.features
    return tuple(
        name
        for name in names
        if name in known
        and known[name].topic != MESSAGE
        and known[name].statistic not in _UNNUMBERED
    )
