"""What each group of features is worth: by how much the log-loss grows without it, and falls when
it alone comes to what is known without messages, each with its interval over users and refits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.lift.fitted import CLICK_KNOBS, ORDER_KNOBS, LearnedRows, day_blocks, predicted
from eval.lift.measured import auc, loss
from intent.features.definitions.definitions import MESSAGE, Feature
from intent.features.definitions.told_beside import TOLD_STATISTICS
from intent.model.errors import OperatorError
from intent.statistics.refits import with_refits
from intent.statistics.rooms import Estimate, holm, mean

Floats = NDArray[np.float64]
Columns = NDArray[np.float32]
Integers = NDArray[np.int64]

_FEWEST = 20
_PARTS = 12
"""Parts of equally many rows that a log of less than three days is divided into."""

_BY_STATISTIC = {
    **dict.fromkeys(("rate", "share_of_leads", "coverage", "share_llm"), "rates and ratios"),
    **dict.fromkeys(("decayed", "short_minus_long", "seconds_since_last"), "how long ago"),
    **dict.fromkeys(("expected", "variance"), "probabilities"),
    **dict.fromkeys(("priced_share", "price_gap"), "prices"),
    **dict.fromkeys(("answered_share", "answer_seconds"), "answers of hosts"),
    "burst": "bursts",
    "distinct": "distinct users",
}
_BY_VIEW = {
    "user_room": "user × room",
    "user_item": "user × item",
    "user_creator": "user × creator",
    "user_category": "user × category",
    "category": "categories",
}


@dataclass(frozen=True, slots=True)
class GroupRows:
    """Rows in the order of time.

    Attributes:
        at: microseconds since 1970 UTC; ``users`` numbers who is served.
        labels: what is to be predicted.
        positions: in the list; None where no list was shown.
        base: columns that know no message, shape (rows, columns).
        columns: of the features, in their order; NaN is missing.
    """

    at: Integers
    users: Integers
    labels: NDArray[np.bool_]
    positions: Integers | None
    base: Columns
    columns: Columns
    features: Sequence[Feature]

    @property
    def parts(self) -> Integers:
        """The day of each row, or a part of the time where there are fewer than three days."""
        days = self.at // (86_400 * 1_000_000)
        if len(np.unique(days)) >= 3:
            return days
        cuts = np.quantile(self.at, np.arange(1, _PARTS) / _PARTS)
        return np.searchsorted(cuts, self.at, side="right").astype(np.int64)


@dataclass(frozen=True, slots=True)
class GroupWorth:
    """What one group is worth, in nats of log-loss a row; the probabilities of *nothing* are
    corrected for the number of groups (Holm).

    Attributes:
        left_out: by how much the loss grows without it.
        added: by how much it falls with it alone beside the base and the counts of messages.
    """

    name: str
    features: int
    left_out: Estimate
    added: Estimate
    p_left_out: float
    p_added: float


@dataclass(frozen=True, slots=True)
class GroupsReport:
    """What was found.

    Attributes:
        base_auc, auc: without any feature, and with all.
        over_base: what all features save over the base.
        over_other: what the set saves over another one.
    """

    rows: int
    positives: int
    users: int
    base_auc: float
    auc: float
    over_base: Estimate
    over_other: Estimate | None
    groups: tuple[GroupWorth, ...]


def group_of(feature: Feature) -> str:
    """Return the group that a feature is measured with."""
    if feature.topic == MESSAGE and feature.statistic == "count":
        return "counts of messages"
    if feature.statistic in TOLD_STATISTICS:
        return _BY_STATISTIC[feature.statistic]
    if feature.window == "5m":
        return "bursts"
    by_view = _BY_VIEW.get(feature.view)
    return by_view or _BY_STATISTIC.get(feature.statistic, "counts of intents")


def measure_groups(
    given: GroupRows,
    names: Sequence[str],
    other: Sequence[str] = (),
    *,
    refits: int = 3,
    blocks: int = 3,
    progress: Callable[[str], None] = lambda step: None,
) -> GroupsReport:
    """Fit with all features of a set, and without each of their groups, on earlier days; judge on
    later ones.

    Args:
        names: of the set; ``other`` of the set that it is held against, if any.

    Raises:
        OperatorError: there are too few positives to say anything.
    """
    fits = _Fits(given, refits, blocks)
    place = {feature.name: number for number, feature in enumerate(given.features)}
    own = [place[name] for name in names]
    groups: dict[str, list[int]] = {}
    for number in own:
        groups.setdefault(group_of(given.features[number]), []).append(number)
    progress("all features, and none")
    base, whole = fits.losses([]), fits.losses(own)
    over_other = None
    if other:
        progress("the other set")
        over_other = fits.saved(fits.losses([place[name] for name in other]), whole)
    found = _worths(fits, groups, own, base, whole, progress)
    return GroupsReport(
        len(fits.labels),
        int(fits.labels.sum()),
        len(np.unique(fits.users)),
        fits.auc([]),
        fits.auc(own),
        fits.saved(base, whole),
        over_other,
        found,
    )


class _Fits:
    """Fits columns and judges them, always on the same rows; each choice is fitted once."""

    def __init__(self, given: GroupRows, refits: int, blocks: int) -> None:
        self._given, self._refits = given, refits
        self._blocks = day_blocks(given.parts, blocks)
        self._judged = np.sort(np.concatenate([block.judge for block in self._blocks]))
        self.labels, self.users = given.labels[self._judged], given.users[self._judged]
        if self.labels.sum() < _FEWEST:
            raise OperatorError(
                f"only {self.labels.sum()} of the judged rows are positive; {_FEWEST} are the "
                "least that says anything: take a longer log"
            )
        everything = np.ones(len(given.at), dtype=bool)
        self._rows = LearnedRows(given.labels, everything, given.positions, given.users)
        self._knobs = ORDER_KNOBS if given.positions is None else CLICK_KNOBS
        self._said: dict[tuple[int, ...], Floats] = {}

    def losses(self, chosen: Sequence[int]) -> Floats:
        """Return the loss of each judged row by each refit, shape (refits, rows)."""
        return loss(self._predictions(chosen), self.labels)

    def auc(self, chosen: Sequence[int]) -> float:
        return auc(self._predictions(chosen).mean(axis=0), self.labels)

    def saved(self, before: Floats, after: Floats) -> Estimate:
        """Return what the second saves over the first, with what is due to users and refits."""
        differences = before - after
        return with_refits(mean(differences.mean(axis=0), self.users), differences.mean(axis=1))

    def _predictions(self, chosen: Sequence[int]) -> Floats:
        key = tuple(sorted(chosen))
        if key not in self._said:
            columns = np.column_stack([self._given.base, self._given.columns[:, list(key)]])
            self._said[key] = np.stack(
                [
                    predicted(self._rows, self._blocks, columns, [], self._knobs, seed)[0]
                    for seed in range(1, self._refits + 1)
                ]
            )[:, self._judged]
        return self._said[key]


def _worths(
    fits: _Fits,
    groups: Mapping[str, Sequence[int]],
    own: Sequence[int],
    base: Floats,
    whole: Floats,
    progress: Callable[[str], None],
) -> tuple[GroupWorth, ...]:
    counts = groups.get("counts of messages", [])
    plain = fits.losses(counts)
    left, added = [], []
    for name, members in groups.items():
        progress(name)
        rest = [number for number in own if number not in members]
        left.append(fits.saved(fits.losses(rest), whole))
        before = base if members is counts else plain
        added.append(fits.saved(before, fits.losses(sorted({*counts, *members}))))
    corrected = [holm([one.p for one in ways]) for ways in (left, added)]
    return tuple(
        GroupWorth(name, len(members), *found)
        for (name, members), *found in zip(groups.items(), left, added, *corrected, strict=True)
    )
