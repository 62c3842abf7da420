"""Reads features online for programs: a named set, or features chosen out of sets, for rows of
entities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from intent.features.definitions.definitions import Definitions, FeatureSet
from intent.features.definitions.events import ENTITIES
from intent.features.online.read import FeatureReader, FeatureTable
from intent.model.errors import WrongUse

ROWS_MOST = 10_000
"""Rows of one request."""

VALUES_MOST = 1_000_000
"""Rows times features of one request."""

_BEFORE = 1970
"""No message is older, and windows reach back from an instant."""

KEYS = tuple(dict.fromkeys(part for parts in ENTITIES.values() for part in parts))
"""Columns that entity rows may have."""

Columns = Mapping[str, Sequence[str | None] | str | None]
"""Columns of keys of equal length; one key alone stands for every row."""


@dataclass(frozen=True, slots=True)
class PickedFeatures:
    """Features that were chosen out of sets, in the order in which they were named.

    Attributes:
        homes: for each feature, the set that it was chosen from.
    """

    chosen: FeatureSet
    homes: tuple[str, ...]


class OnlineFeatures:
    """Reads features; used by several threads at once."""

    def __init__(self, reader: FeatureReader, definitions: Definitions) -> None:
        self._reader, self._definitions = reader, definitions
        # Digests of sets are hashes over all that their values depend on; definitions never change.
        self._sets: dict[str, FeatureSet] = {}

    def feature_set(self, name: str) -> FeatureSet:
        """Return a feature set by its name.

        Raises:
            WrongUse: there is none of that name.
        """
        known = self._sets.get(name)
        if known is None:
            if name not in self._definitions.set_names:
                names = ", ".join(self._definitions.set_names)
                raise WrongUse(f"there is no feature set of that name; there are: {names}")
            known = self._sets[name] = self._definitions.feature_set(name)
        return known

    def pick(self, references: Sequence[str]) -> PickedFeatures:
        """Return features that are named as ``set:feature``.

        Raises:
            WrongUse: none are named, one has another form, its set lacks it, or it stands twice.
        """
        if not references:
            raise WrongUse("name a feature service, or features as set:feature")
        pairs = []
        for number, reference in enumerate(references, 1):
            home, colon, feature = reference.partition(":")
            if not colon or feature not in self.feature_set(home).names:
                raise WrongUse(
                    f"feature {number} is none: write set:feature, with a feature of that set; see "
                    "intent features list --set"
                )
            pairs.append((home, feature))
        if len({feature for _, feature in pairs}) < len(pairs):
            raise WrongUse("a feature stands twice")
        chosen = self._definitions.choose("picked", [feature for _, feature in pairs])
        return PickedFeatures(chosen, tuple(home for home, _ in pairs))

    def read(
        self, feature_set: FeatureSet, columns: Columns, at: datetime | None = None
    ) -> FeatureTable:
        """Return the features of rows, as of an instant; None for now.

        Raises:
            WrongUse: there are too many rows, or the columns are not what the set's views need.
        """
        rows = _rows(columns)
        count = len(next(iter(rows.values())))
        size = count * len(feature_set.features)
        if count > ROWS_MOST or size > VALUES_MOST:
            raise WrongUse(
                f"{count:,} rows of {len(feature_set.features)} features are too many at once: at "
                f"most {ROWS_MOST:,} rows and {VALUES_MOST:,} values; ask in parts"
            )
        needed = dict.fromkeys(part for view in feature_set.views for part in ENTITIES[view])
        absent = [name for name in needed if name not in rows]
        if absent:
            raise WrongUse(f"the features of {feature_set.name} need the column {absent[0]}")
        instant = at or datetime.now(UTC)
        if instant.year <= _BEFORE:
            raise WrongUse(f"the instant lies before the year {_BEFORE + 1}")
        return self._reader.read(feature_set, rows, instant)


def _rows(columns: Columns) -> dict[str, Sequence[str | None]]:
    if not columns:
        raise WrongUse(f"there are no entity columns; name some of: {', '.join(KEYS)}")
    if unknown := len(columns.keys() - set(KEYS)):
        raise WrongUse(
            f"{unknown} of the entity columns are unknown; there are only: {', '.join(KEYS)}"
        )
    lengths = {len(held) for held in columns.values() if not isinstance(held, str | None)}
    if len(lengths) > 1:
        raise WrongUse("the entity columns differ in length")
    count = lengths.pop() if lengths else 1
    return {
        name: [held] * count if isinstance(held, str | None) else held
        for name, held in columns.items()
    }
