"""The table of question types is joined to its messages by id, and a wrong line is named."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from intent.bootstrap.resources import locate
from intent.model.errors import OperatorError
from intent.model.question_types import QuestionTypes, load_question_types
from intent.training.questions import read_asked

DATA = Path("eval/datasets/lead_intent")
SPLITS = (
    "train",
    "train_register",
    "train_mended",
    "train_voices",
    "dev",
    "test",
    "test_register",
)


@pytest.fixture
def types() -> QuestionTypes:
    return load_question_types(locate("prompts") / "questions.yaml")


def test_every_row_of_the_table_is_a_message_whose_labels_admit_its_type(
    types: QuestionTypes,
) -> None:
    asked = read_asked(types, DATA / "questions.tsv", *(DATA / f"{name}.jsonl" for name in SPLITS))
    lines = (DATA / "questions.tsv").read_text(encoding="utf-8").splitlines()
    assert len(asked) == len(lines) - 1
    assert not [one for one in asked if types.under[one.question].isdisjoint(one.example.labels)]
    assert set(Counter(one.question for one in asked)) == set(types.names)


@pytest.mark.parametrize("line", ["m-1 item_price", "m-1\tno_such_type", "m-1\t"])
def test_a_line_that_names_no_type_is_refused_with_its_number(
    types: QuestionTypes, tmp_path: Path, line: str
) -> None:
    table = tmp_path / "questions.tsv"
    table.write_text(f"id\tquestion\nm-0\tnone\n{line}\n", encoding="utf-8")
    with pytest.raises(OperatorError, match="line 3"):
        read_asked(types, table, DATA / "dev.jsonl")


def test_a_table_that_fits_no_message_is_refused(types: QuestionTypes, tmp_path: Path) -> None:
    table = tmp_path / "questions.tsv"
    table.write_text("id\tquestion\nm-0\tnone\n", encoding="utf-8")
    with pytest.raises(OperatorError, match="no message"):
        read_asked(types, table, DATA / "dev.jsonl")


def test_the_second_reading_is_of_rows_that_have_a_first_type_and_the_card_counts_it(
    types: QuestionTypes,
) -> None:
    first, second = (
        dict(
            line.split("\t") for line in (DATA / name).read_text(encoding="utf-8").splitlines()[1:]
        )
        for name in ("questions.tsv", "questions_second.tsv")
    )
    assert set(second) <= set(first)
    assert set(second.values()) <= set(types.names)
    same = sum(first[row] == question for row, question in second.items())
    card = (DATA / "CARD.md").read_text(encoding="utf-8")
    assert f"| both | {len(second)} | {same} |" in card
