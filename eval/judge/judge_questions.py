"""What a judge is asked about the decisions of a run: the questions of rows, and of the suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eval.judge.judge_case import JudgeCase, judge_case
from eval.run.items import Item, parse_filters, passes
from eval.run.predictions import Prediction
from eval.run.suite import Suite
from intent.model.taxonomy import Taxonomy

Cases = Mapping[tuple[int, str], Sequence[JudgeCase]]
"""Cases by the key of their prediction."""


def questions_about(item: Item, suite: Suite) -> list[str]:
    """Return what is asked about a message, each question once: its own, then the suite's.

    Raises:
        OperatorError: a filter of the suite's questions is none.
    """
    asked = [one.ask for one in suite.judge.questions if passes(item, parse_filters(one.filters))]
    return list(dict.fromkeys([*item.row.judge, *asked]))


def judge_cases(
    items: Mapping[str, Item], predictions: Sequence[Prediction], suite: Suite, taxonomy: Taxonomy
) -> Cases:
    """Return the cases of a run, for predictions that have any; where no reply could be used there
    is nothing to judge.

    Args:
        items: by id.

    Raises:
        OperatorError: a filter of the suite's questions is none.
    """
    found = {}
    for one in predictions:
        item = items[one.id]
        questions = questions_about(item, suite) if one.status == "answered" else ()
        if questions:
            found[one.key] = [
                judge_case(item.message, question, one.labels, one.slots, taxonomy)
                for question in questions
            ]
    return found
