"""What a judge found in a run: every answer with its question, and whether any of it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.judge.judge_questions import judge_cases
from eval.judge.judge_record import JudgeRecord
from eval.judge.judge_reply import JudgeAnswer
from eval.run.items import Item
from eval.run.predictions import Prediction
from eval.run.suite import Suite
from intent.model.taxonomy import Taxonomy

UNASKED = JudgeAnswer(said="failed", why="was not asked")


@dataclass(frozen=True, slots=True)
class JudgeFindings:
    """Answers about the decisions of a run.

    Attributes:
        record: who judged; None where nobody was asked yet.
        why_not: why its answers do not count; empty where they do.
        answers: each question with its answer, by the key of the prediction.
    """

    record: JudgeRecord | None
    why_not: str
    answers: Mapping[tuple[int, str], Sequence[tuple[str, JudgeAnswer]]]

    @property
    def counts(self) -> Counter[str]:
        """How often each answer was given: yes, no, unsure, failed."""
        return Counter(answer.said for told in self.answers.values() for _, answer in told)

    def of(self, one: Prediction) -> tuple[int, int]:
        """Return how many answers about a decision are yes, and no; none where they do not
        count.
        """
        told = () if self.why_not else self.answers.get(one.key, ())
        said = [answer.said for _, answer in told]
        return said.count("yes"), said.count("no")

    @property
    def words(self) -> str:
        """Who judged, how far that is from people, and what was found, for people."""
        if self.record is None:
            return f"Not judged: {self.why_not}"
        who = f"{self.record.model} (prompt {self.record.prompt})"
        agreement = self.record.agreement
        measured = "" if agreement is None else f"; {agreement.words}"
        counted = f"its answers are not counted: {self.why_not}" if self.why_not else "it counts"
        found = self.counts
        said = ", ".join(f"{found[name]:,} {name}" for name in ("yes", "no", "unsure", "failed"))
        return f"Judge {who}: {counted}{measured}. On this run: {said}"


def judge_findings(
    record: JudgeRecord | None,
    items: Mapping[str, Item],
    predictions: Sequence[Prediction],
    suite: Suite,
    taxonomy: Taxonomy,
) -> JudgeFindings | None:
    """Return what a judge found; None where nothing is asked of one. An answer belongs to the very
    question, message and decision that it was given for.
    """
    cases = judge_cases(items, predictions, suite, taxonomy)
    if not cases:
        return None
    known = record.answers if record is not None else {}
    answers = {
        key: tuple((case.question, known.get(case.digest, UNASKED)) for case in asked)
        for key, asked in cases.items()
    }
    why = (
        "no judge was asked; ask one with: python -m eval judge RUN"
        if record is None
        else record.why_not(suite.judge.least_kappa)
    )
    return JudgeFindings(record, why, answers)
