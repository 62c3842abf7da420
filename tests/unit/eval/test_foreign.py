"""Labels that are kept by row and hash find their texts again, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from eval.data.dataset import read_file
from eval.data.foreign import HALVES, digest, join
from eval.verbs.datasets import REAL, app
from intent.bootstrap.application import open_application
from intent.model.errors import OperatorError

TEXTS = ("is the teal one left", "what a goal", "where is my parcel")
COLUMNS = "file\trow\tsha256\tlang\thalf\tfirst\tsecond\tsettled\n"


def folder(path: Path, texts: tuple[str, ...] = TEXTS) -> Path:
    lines = [
        json.dumps(
            {
                "platform": "tiktok",
                "room_id": "video-1",
                "message_id": f"m{number}",
                "user_id": "u1",
                "kind": "comment",
                "text": text,
                "sent_at": "2026-01-01T00:00:00+00:00",
                "source_label": "theirs",
            }
        )
        for number, text in enumerate(texts)
    ]
    (path / "talk.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def table(path: Path, *lines: str) -> Path:
    (path / "labels.tsv").write_text(COLUMNS + "".join(lines), encoding="utf-8")
    return path / "labels.tsv"


def line(row: int, text: str, half: str = "judged", codes: str = "AV\tAV\tAV") -> str:
    return f"talk.jsonl\t{row}\t{digest(text)}\ten\t{half}\t{codes}\n"


def test_a_row_and_its_hash_give_the_text_back_with_all_three_answers(tmp_path: Path) -> None:
    labels = table(tmp_path, line(3, TEXTS[2], "calibration", "CS\tSH+AV\tCS"))

    (found,) = join(labels, folder(tmp_path), open_application().taxonomy)

    assert (found.half, found.row.input.text) == ("calibration", TEXTS[2])
    assert found.row.expected.labels == ("customer_support",)
    assert found.row.by("second") == ("availability_inquiry", "shipping_inquiry")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (line(1, "another text"), "another text stands there"),
        (line(9, TEXTS[0]), "the file is shorter"),
        (line(1, TEXTS[0], "both"), "the half 'both' is unknown"),
        (line(1, TEXTS[0], codes="AV\tAV\tXX"), "'XX'"),
    ],
)
def test_what_is_not_the_text_that_was_labelled_is_refused_by_line(
    tmp_path: Path, wrong: str, said: str
) -> None:
    labels = table(tmp_path, line(2, TEXTS[1], codes="CH\tCH\tCH"), wrong)

    with pytest.raises(OperatorError, match="line 3") as refused:
        join(labels, folder(tmp_path), open_application().taxonomy)

    assert said in str(refused.value)


def test_a_folder_without_the_texts_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"talk\.jsonl cannot be read"):
        join(table(tmp_path, line(1, TEXTS[0])), tmp_path, open_application().taxonomy)


def test_the_verb_writes_both_halves_and_the_agreement(tmp_path: Path) -> None:
    labels = table(
        tmp_path, line(1, TEXTS[0]), line(2, TEXTS[1], "calibration", codes="CH\tCH\tCH")
    )
    asked = ["real", "--data", str(folder(tmp_path)), "-o", str(tmp_path / "out")]

    result = CliRunner().invoke(app, [*asked, "--labels", str(labels)])

    assert result.exit_code == 0
    assert "2 messages, read twice" in result.output
    texts = {
        half: [row.input.text for row in read_file(tmp_path / "out" / f"{half}.jsonl")[0]]
        for half in HALVES
    }
    assert texts == {"judged": [TEXTS[0]], "calibration": [TEXTS[1]]}


def test_the_labels_that_ship_hold_no_text() -> None:
    lines = REAL.read_text(encoding="utf-8").splitlines()

    assert lines[0] == COLUMNS.strip()
    assert len(lines) > 1200
    for one in lines[1:]:
        name, row, known, *rest = one.split("\t")
        assert name.endswith(".jsonl")
        assert row.isdigit()
        assert len(known) == len(digest(""))
        assert all(len(cell) <= len("calibration") and cell.isascii() for cell in rest)
