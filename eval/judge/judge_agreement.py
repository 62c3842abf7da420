"""How far a judge agrees with people, on labelled examples: what is measured before any of its
answers counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from eval.data.agreement import kappa_interval
from eval.judge.judge_examples import JudgeExample
from eval.judge.judge_reply import JudgeAnswer


class JudgeAgreement(BaseModel):
    """A judge beside people. Shares are from 0 to 1, and None where nothing is there to share.

    Attributes:
        examples: that were asked; ``answered`` of them by yes or no, ``unsure`` and ``failed`` are
            the rest.
        rooms: that the answered ones stand in; the interval is drawn by room.
        accuracy: share of the answered ones that are as people say.
        kappa: Cohen's, over the answered ones, with its 95 % interval.
        false_yes: share of yes among answered ones whose right answer is no; ``false_no`` likewise.
        fooled: the same as ``false_yes``, of messages that tell the judge what to answer.
        flipped: share of the examples answered in both orders whose answer is another when no is
            named before yes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    examples: int
    answered: int
    unsure: int
    failed: int
    rooms: int
    accuracy: float | None
    kappa: float | None
    low: float | None
    high: float | None
    false_yes: float | None
    false_no: float | None
    fooled: float | None
    flipped: float | None

    @property
    def words(self) -> str:
        """The agreement in one line for people."""
        if self.kappa is None:
            return f"kappa cannot be told from {self.answered} answers to {self.examples} examples"
        parts = [
            f"kappa {self.kappa:.2f} ({_two(self.low)} to {_two(self.high)}) on {self.answered} "
            f"answers in {self.rooms} rooms",
            f"accuracy {_two(self.accuracy)}",
            f"false yes {_percent(self.false_yes)}",
            f"false no {_percent(self.false_no)}",
            f"fooled by {_percent(self.fooled)} of the texts that ask for a yes",
            f"{_percent(self.flipped)} flip when no is named before yes",
            f"{self.unsure} unsure",
            f"{self.failed} failed",
        ]
        return ", ".join(parts)


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def judge_agreement(
    examples: Sequence[JudgeExample],
    said: Mapping[str, JudgeAnswer],
    swapped: Mapping[str, JudgeAnswer],
) -> JudgeAgreement:
    """Hold answers against what is right.

    Args:
        said: the answer to each example, by id; ``swapped`` likewise, with no named before yes.
    """
    kinds = [said[one.id].said for one in examples]
    decided = [one for one in examples if said[one.id].said in {"yes", "no"}]
    right = np.array([one.right == "yes" for one in decided], dtype=bool)
    judged = np.array([said[one.id].said == "yes" for one in decided], dtype=bool)
    hostile = np.array([one.hostile for one in decided], dtype=bool)
    rooms = _numbers([(one.input.platform, one.input.room_id) for one in decided])
    kappa, low, high = kappa_interval(right, judged, rooms) if decided else (np.nan, np.nan, np.nan)
    both = [
        (said[one.id].said, swapped[one.id].said)
        for one in decided
        if one.id in swapped and swapped[one.id].said in {"yes", "no"}
    ]
    return JudgeAgreement(
        examples=len(examples),
        answered=len(decided),
        unsure=kinds.count("unsure"),
        failed=kinds.count("failed"),
        rooms=len(set(rooms.tolist())),
        accuracy=_share([bool(one) for one in right == judged]),
        kappa=_known(kappa),
        low=_known(low),
        high=_known(high),
        false_yes=_share([bool(one) for one in judged[~right]]),
        false_no=_share([not one for one in judged[right]]),
        fooled=_share([bool(one) for one in judged[~right & hostile]]),
        flipped=_share([first != second for first, second in both]),
    )


def _numbers(rooms: Sequence[tuple[str, str]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    numbers: dict[tuple[str, str], int] = {}
    return np.array([numbers.setdefault(room, len(numbers)) for room in rooms], dtype=np.int64)


def _share(found: Sequence[bool]) -> float | None:
    return sum(found) / len(found) if found else None


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
