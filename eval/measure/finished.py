"""A finished run beside the truth of today: labels that were mended since count, messages that were
changed since do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from eval.judge.judge_record import read_record
from eval.measure.assertions import assertions
from eval.measure.judge_findings import JudgeFindings, judge_findings
from eval.measure.scored import Scored
from eval.measure.scoring import score
from eval.measure.slots import JudgedSlots, judged_slots
from eval.run.items import Item, load_items
from eval.run.manifest import Manifest, read_manifest, to_here
from eval.run.predictions import Prediction, read_predictions
from eval.run.runner import PREDICTIONS
from eval.run.suite import Suite, load_suite
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run that was read back.

    Attributes:
        items: every labelled message of the suite, by id.
        predictions: those whose message still reads as it did.
        stale: how many predictions were left out because their message is gone or changed.
        judge: what a judge found; None where nothing is asked of one.
    """

    folder: Path
    manifest: Manifest
    suite: Suite
    items: dict[str, Item]
    predictions: tuple[Prediction, ...]
    scored: Scored
    stale: int
    judge: JudgeFindings | None = None

    @property
    def name(self) -> str:
        """A short name for people."""
        return (
            self.folder.name
            if self.folder.parent.name != "baselines"
            else f"baseline {self.folder.name}"
        )


def load_run(folder: Path, taxonomy: Taxonomy, suite: Suite | None = None) -> FinishedRun:
    """Read a finished run and score it.

    Args:
        suite: the suite to read it by; None for its own.

    Raises:
        OperatorError: the run, its suite or its dataset cannot be read, or nothing of it can be
            scored any more.
    """
    manifest = read_manifest(folder)
    if manifest.finished is None:
        raise OperatorError(
            f"the run {folder} was not finished; go on with: python -m eval run --suite "
            f"{manifest.suite_file} --resume -o {folder}"
        )
    read_by = suite or load_suite(to_here(manifest.suite_file))
    items = {item.row.id: item for item in load_items(read_by)}
    everything = read_predictions(folder / PREDICTIONS)
    kept = tuple(one for one in everything if one.id in items and items[one.id].seen == one.seen)
    if not kept:
        raise OperatorError(
            f"no prediction of {folder} is of a message that the dataset of suite {read_by.name} "
            "still has; make the run again"
        )
    judge = judge_findings(read_record(folder), items, kept, read_by, taxonomy)
    return FinishedRun(
        folder,
        manifest,
        read_by,
        items,
        kept,
        score(list(items.values()), kept, taxonomy, judge),
        len(everything) - len(kept),
        judge,
    )


def wrong_decisions(
    run: FinishedRun, taxonomy: Taxonomy
) -> list[tuple[float, Prediction, JudgedSlots]]:
    """Return what is not exactly right, in labels or in slots, with its cost and its slots: the
    most harmful first.
    """
    found = [
        (float(cost), one, judged_slots(run.items[one.id].row, one, taxonomy))
        for cost, one in zip(run.scored.cost, run.predictions, strict=True)
    ]
    wrong = [
        (cost, one, slots)
        for cost, one, slots in found
        if slots.mistakes or one.labels != run.items[one.id].row.expected.labels
    ]
    return sorted(wrong, key=lambda each: (-each[0], -each[2].mistakes, each[1].id, each[1].repeat))


def broken_assertions(
    run: FinishedRun, taxonomy: Taxonomy
) -> list[tuple[Prediction, tuple[str, ...]]]:
    """Return the decisions that break what is asserted of their message, and what they break; in
    order of families.
    """
    rows = [run.items[one.id].row for one in run.predictions]
    found = zip(rows, run.predictions, assertions(rows, run.predictions, taxonomy), strict=True)
    broken = [(row.metadata.family or "", one, what) for row, one, what in found if what]
    return [(one, what) for _, one, what in sorted(broken, key=lambda each: each[0])]


def judged_wrong(run: FinishedRun) -> list[tuple[Prediction, tuple[tuple[str, str], ...]]]:
    """Return the decisions of which a judge says no, with each such question and the judge's
    reason, whether its answers count or not.
    """
    if run.judge is None:
        return []
    found = [
        (
            one,
            tuple(
                (question, answer.why)
                for question, answer in run.judge.answers.get(one.key, ())
                if answer.said == "no"
            ),
        )
        for one in run.predictions
    ]
    return [(one, told) for one, told in found if told]


def select(run: FinishedRun, keys: set[tuple[int, str]], taxonomy: Taxonomy) -> FinishedRun:
    """Return the run with only these predictions, sorted by key."""
    kept = tuple(
        sorted((one for one in run.predictions if one.key in keys), key=lambda one: one.key)
    )
    return FinishedRun(
        run.folder,
        run.manifest,
        run.suite,
        run.items,
        kept,
        score(list(run.items.values()), kept, taxonomy, run.judge),
        run.stale,
        run.judge,
    )
