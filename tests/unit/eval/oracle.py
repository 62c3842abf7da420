"""A decider that knows the truth and errs as told: the model of tests about models."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from eval.data.dataset import Row, load_dataset
from eval.report.bundled import unpacked
from eval.run.items import chosen, load_items, parse_filters
from eval.run.manifest import Decider
from eval.run.request import RunRequest
from eval.run.runner import execute
from eval.run.start import describe
from eval.run.subject import LocalSubject, Subject
from eval.run.suite import load_suite
from eval.verbs.datasets import DATASET
from intent.bootstrap.application import open_application
from intent.model.decision import DecidedBy, Decision, Versions
from intent.model.message import Message

Twist = Callable[[Row, tuple[str, ...]], tuple[str, ...]]
"""Changes what the oracle says of a row."""


@cache
def rows_by_message() -> dict[str, Row]:
    return {row.input.message_id: row for row in load_dataset(DATASET)}


@cache
def taxonomy():
    return open_application().taxonomy


def chance(seed: str, key: str) -> float:
    """A number in [0, 1) that depends on the seed and key alone."""
    return int.from_bytes(hashlib.sha256(f"{seed} {key}".encode()).digest()[:6], "big") / 2**48


class Oracle:
    """Implements Classifier: right but for a share of messages drawn by ``seed``, and for what
    ``twist`` does.
    """

    def __init__(
        self, *, wrong: float = 0.1, seed: str = "a", twist: Twist = lambda row, labels: labels
    ) -> None:
        self._wrong, self._seed, self._twist = wrong, seed, twist
        self.asked = 0

    @property
    def versions(self) -> Versions:
        return Versions(taxonomy().version, "none", f"oracle-{self._seed}", "none")

    def classify(self, messages: Sequence[Message]) -> list[Decision]:
        self.asked += len(messages)
        return [self._decide(rows_by_message()[message.message_id]) for message in messages]

    def _decide(self, row: Row) -> Decision:
        labels = row.expected.labels
        if chance(self._seed, row.id) < self._wrong:
            labels = (
                taxonomy().names[int(chance(self._seed + "label", row.id) * len(taxonomy().names))],
            )
        labels = self._twist(row, labels)
        return Decision(
            probabilities={name: 0.9 if name in labels else 0.02 for name in taxonomy().names},
            labels=labels,
            lead_probability=0.9 if taxonomy().leads & set(labels) else 0.05,
            is_lead=bool(taxonomy().leads & set(labels)),
            decided_by=DecidedBy.LOCAL,
            versions=self.versions,
        )


def confusing(one: str, other: str, share: float = 0.7) -> Twist:
    """Most of what is ``one`` is called ``other``."""

    def twist(row: Row, labels: tuple[str, ...]) -> tuple[str, ...]:
        if one in labels and chance("confusing", row.id) < share:
            return taxonomy().in_order({other, *labels} - {one})
        return labels

    return twist


def deaf(language: str) -> Twist:
    """Everything in one language is called chatter."""
    return lambda row, labels: ("chatter",) if row.metadata.lang == language else labels


SUITE = """
name: test_suite
dataset: {dataset}
splits: [test]
by: local
slices: [lang, kind, length]
gates:
  - {{metric: lead_f1, margin: 0.03}}
  - {{metric: cost_per_1000, margin: 100}}
  - {{metric: lead_f1, margin: 0.08, over: lang}}
  - {{metric: "f1:*", margin: 0.15}}
  - {{metric: invalid_rate, limit: 0.01}}
{more}
"""


def write_suite(folder: Path, more: str = "") -> Path:
    """Write a suite over the dataset that ships, and return its path."""
    path = folder / "suite.yaml"
    path.write_text(SUITE.format(dataset=DATASET, more=more), encoding="utf-8")
    return path


def write_small_suite(folder: Path, more: str = "", rows: int = 80, by: str = "llm") -> Path:
    """Write a suite over a few rows of the dataset that ships, whole rooms but the last, and return
    its path.
    """
    few = (DATASET / "test.jsonl").read_text(encoding="utf-8").splitlines()[:rows]
    (folder / "small").mkdir(exist_ok=True)
    (folder / "small" / "test.jsonl").write_text("\n".join(few) + "\n", encoding="utf-8")
    path = folder / "small.yaml"
    head = f"name: small\ndataset: small\nsplits: [test]\nby: {by}\nslices: [lang, kind]\n"
    path.write_text(f"{head}{more}\n", encoding="utf-8")
    return path


def browsed(page: str) -> dict:
    """What the script of a report is given to show."""
    return unpacked(re.search(r'id="packed">([^<]*)<', page)[1])


def local(oracle: Oracle) -> LocalSubject:
    return LocalSubject(
        oracle, Decider(by="local", taxonomy=oracle.versions.taxonomy, model=oracle.versions.model)
    )


def make_run(folder: Path, suite_file: Path, subject: Subject, **asked) -> Path:
    """Run a suite with any decider, and return the run's folder."""
    request = RunRequest(suite=suite_file, out=folder, **asked)
    suite = load_suite(suite_file)
    items = chosen(
        load_items(suite), parse_filters(request.filters), sample=request.sample, seed=request.seed
    )
    execute(
        folder,
        describe(request, suite, items, subject.decider),
        items,
        subject,
        resume=request.resume,
        jobs=request.jobs,
    )
    return folder
