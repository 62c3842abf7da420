"""Measures what knowing intents is worth: against the same columns with their meaning dealt anew,
over several refits, with what a log promises and what a server would keep.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import scipy.stats

from eval.lift.fitted import (
    CLICK_KNOBS,
    ORDER_KNOBS,
    DayBlock,
    LearnedRows,
    day_blocks,
    predicted,
)
from eval.lift.leaks import find_leaks
from eval.lift.lift_columns import lately_column
from eval.lift.lift_report import (
    ColumnsScore,
    JoinKept,
    LeadRowsTold,
    LiftPlan,
    LiftReport,
)
from eval.lift.material import Columns, Flags, Floats, LiftMaterial
from eval.measure.giveaways import refuse_giveaways, refuse_impossible
from intent.features.definitions.definitions import MESSAGE
from intent.model.errors import OperatorError
from intent.statistics.refits import with_refits
from intent.statistics.rooms import Estimate, mean

_FEWEST = 20
_EDGE = 1e-9


class _Rankers:
    """Fits and judges columns, always on the same rows and blocks."""

    def __init__(self, given: LiftMaterial, blocks: Sequence[DayBlock]) -> None:
        self._given, self._blocks = given, blocks
        self.judged = np.sort(np.concatenate([block.judge for block in blocks]))
        everything = np.ones(len(given.at), dtype=bool)
        self._clicks = LearnedRows(given.clicked, everything, given.positions, given.users)
        self._target = LearnedRows(given.labels, given.clicked, given.positions, given.users)
        self._direct = bool(given.clicked.all())

    def scores(
        self,
        columns: Columns,
        seeds: Sequence[int],
        others: Sequence[Columns] = (),
        lately: str | None = "lead",
    ) -> list[Floats]:
        """Return predictions of the judged rows by each refit, shape (refits, rows), from the
        columns and from each of the others.

        Args:
            lately: predictions are right on average also among those who lately said something of
                this topic, as far as the columns know; None where they know of no message.
        """
        place = None if lately is None else lately_column(self._given.names, lately)
        group = None if place is None else self._given.base.shape[1] + place
        knobs = CLICK_KNOBS if self._direct else ORDER_KNOBS
        refits = [
            predicted(self._target, self._blocks, columns, others, knobs, seed, group)
            for seed in seeds
        ]
        shares = [np.stack(one)[:, self.judged] for one in zip(*refits, strict=True)]
        if self._direct:
            return shares
        clicks = predicted(self._clicks, self._blocks, columns, others, CLICK_KNOBS, 0)
        return [one * click[self.judged] for one, click in zip(shares, clicks, strict=True)]


def measure_lift(
    given: LiftMaterial,
    plan: LiftPlan | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> LiftReport:
    """Fit with and without intents, and judge on later days.

    Raises:
        OperatorError: there are too few positives to say anything.
    """
    plan = plan or LiftPlan()
    ranks = _Rankers(given, day_blocks(given.days, plan.blocks))
    labels, users = given.labels[ranks.judged], given.users[ranks.judged]
    if labels.sum() < _FEWEST:
        raise OperatorError(
            f"only {labels.sum()} of the judged rows are positive; {_FEWEST} are the least "
            "that says anything: take a longer log"
        )
    seeds = range(1, plan.refits + 1)
    columns = np.column_stack([given.messages, given.intents])
    refuse_giveaways(given.names, columns, **{given.target: given.labels})
    plain = np.column_stack([given.base, given.messages])
    whole = np.column_stack([plain, given.intents])
    progress("base and messages")
    said = {
        "base": ranks.scores(given.base, [1], lately=None)[0],
        "messages": ranks.scores(plain, seeds, lately=MESSAGE)[0],
    }
    progress("intents")
    served = [] if given.served is None else [np.column_stack([given.base, given.served])]
    intents, *kept = ranks.scores(whole, seeds, served)
    said["intents"] = intents
    refuse_impossible(auc(intents.mean(axis=0), labels), given.target, {})
    said["shuffles"] = np.concatenate(
        [_shuffled(ranks, given, plain, seed, progress) for seed in range(1, plan.shuffles + 1)]
    )
    progress("joins")
    joins = _joins(ranks, given, labels, said, kept, served, seeds)
    return _report(given, ranks.judged, labels, users, said, joins)


def _shuffled(
    ranks: _Rankers,
    given: LiftMaterial,
    plain: Columns,
    seed: int,
    progress: Callable[[str], None],
) -> Floats:
    progress(f"shuffle {seed}")
    return ranks.scores(np.column_stack([plain, given.shuffled(seed)]), [seed])[0]


def _joins(
    ranks: _Rankers,
    given: LiftMaterial,
    labels: Flags,
    said: dict[str, Floats],
    kept: Sequence[Floats],
    served: Sequence[Columns],
    seeds: Sequence[int],
) -> tuple[JoinKept, ...]:
    """Say what each way to join promises, and what of it is kept on what a server reads."""
    if given.by_event is None or not kept:
        return ()
    plain = auc(said["messages"].mean(axis=0), labels)
    columns = np.column_stack([given.base, given.by_event])
    promised, online = ranks.scores(columns, seeds, served)
    pairs = {"as known": (said["intents"], kept[0]), "by event time": (promised, online)}
    return tuple(
        JoinKept(
            name, auc(one.mean(axis=0), labels) - plain, auc(other.mean(axis=0), labels) - plain
        )
        for name, (one, other) in pairs.items()
    )


def _report(
    given: LiftMaterial,
    judged: np.ndarray,
    labels: Flags,
    users: np.ndarray,
    said: dict[str, Floats],
    joins: tuple[JoinKept, ...],
) -> LiftReport:
    losses = {name: loss(one, labels) for name, one in said.items()}
    saved = losses["shuffles"].mean(axis=0) - losses["intents"].mean(axis=0)
    silent = given.silent[judged]
    mean_said = said["intents"].mean(axis=0)
    days = given.days[judged]
    return LiftReport(
        name=given.name,
        target=given.target,
        rows=len(labels),
        positives=int(labels.sum()),
        users=len(np.unique(users)),
        scores=tuple(_score(name, one, labels) for name, one in said.items()),
        gain=with_refits(mean(saved, users), losses["shuffles"].mean(axis=1)),
        over_messages=mean(losses["messages"].mean(axis=0) - losses["intents"].mean(axis=0), users),
        silent=_among(silent, saved, users, losses["shuffles"]),
        silent_rows=int(silent.sum()),
        joins=joins,
        lead_rows=_lead_rows(given, judged, labels, mean_said),
        leaks=tuple(find_leaks(given.groups, given.at, given.clicked_or_label)),
        by_day=tuple((int(day), float(saved[days == day].mean())) for day in np.unique(days)),
        reliability=_reliability(mean_said, labels),
    )


def _among(rows: Flags, saved: Floats, users: np.ndarray, shuffles: Floats) -> Estimate:
    if not rows.any():
        return Estimate(*(float("nan"),) * 5, 0, 0.0)
    return with_refits(mean(saved[rows], users[rows]), shuffles[:, rows].mean(axis=1))


def _lead_rows(
    given: LiftMaterial, judged: np.ndarray, labels: Flags, said: Floats
) -> LeadRowsTold:
    leads = given.leads[judged]
    seen = float(labels[leads].sum())
    truth = None if given.truth is None else float(given.truth[judged][leads].sum())
    told = float(said[leads].sum())
    return LeadRowsTold(
        int(leads.sum()),
        told / seen if seen else float("nan"),
        told / truth if truth else None,
    )


def _score(name: str, said: Floats, labels: Flags) -> ColumnsScore:
    each = tuple(auc(one, labels) for one in said)
    return ColumnsScore(
        name, auc(said.mean(axis=0), labels), each, float(loss(said, labels).mean())
    )


def _reliability(said: Floats, labels: Flags) -> tuple[tuple[float, float], ...]:
    parts = np.array_split(np.argsort(said, kind="stable"), 10)
    return tuple((float(said[part].mean()), float(labels[part].mean())) for part in parts)


def auc(said: Floats, labels: Flags) -> float:
    """Return the chance that a positive is ranked above another row, ties counted half; NaN
    without both.
    """
    positive = int(labels.sum())
    negative = len(labels) - positive
    if not positive or not negative:
        return float("nan")
    ranks = scipy.stats.rankdata(said)
    return float((ranks[labels].sum() - positive * (positive + 1) / 2) / (positive * negative))


def loss(said: Floats, labels: Flags) -> Floats:
    """Return the log-loss of each prediction."""
    inside = np.clip(said, _EDGE, 1 - _EDGE)
    return -np.where(labels, np.log(inside), np.log1p(-inside))
