"""What annotators send back is read as it is: a result that is no use is named, and the rest is
taken.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.annotation import doccano, labelstudio
from eval.annotation.annotations import Given, merge
from eval.annotation.annotators import Signature, load_names
from eval.annotation.sheet import read_sheet, sheet
from eval.data.dataset import ExpectedSlot, Row, of_split
from intent.model.errors import OperatorError, TemplateError
from tests.unit.eval.oracle import rows_by_message, taxonomy

TEXT = "size M\nor size L left?"


def result(name: str, kind: str, **value: object) -> dict:
    return {"from_name": name, "to_name": "text", "type": kind, "value": value}


def task(*results: dict, by: object = None, **more: object) -> dict:
    annotation = {
        "completed_by": by or {"id": 3, "email": "anna@annotators.invalid"},
        "was_cancelled": False,
        "result": list(results) or [result("labels", "choices", choices=["spam"])],
    }
    return {"data": {"row": "m3", "text": TEXT}, "annotations": [annotation | more]}


def read(tmp_path: Path, *tasks: object, **known: object) -> tuple[list[Given], list[str]]:
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(list(tasks)), encoding="utf-8")
    given, aside = labelstudio.read_tasks(path, taxonomy(), **known)
    return given, [one.what for one in aside]


def from_sheet(tmp_path: Path, text: str, **known: object) -> tuple[list[Given], list[str]]:
    path = tmp_path / "sheet.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    given, aside = read_sheet(path, **known)
    return given, [f"{one.where}: {one.what}" for one in aside]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Anna Lee", "anna-lee"),
        ("anna.lee", "anna.lee"),
        ("anna+shop", "anna+shop"),
        ("ANNA@annotators.invalid", "anna"),
        (3, "annotator-3"),
        (" Żaneta ", "żaneta"),
    ],
)
def test_a_name_with_dots_plus_signs_blanks_or_capitals_is_a_name(said, name) -> None:
    assert Signature().name(said) == name


def test_the_same_local_part_at_two_domains_is_two_people_and_no_address_is_kept() -> None:
    names = [Signature().name(f"info@shop-{shop}.example") for shop in "ab"]
    assert len(set(names)) == 2
    assert not any("shop" in name or "@" in name for name in names)
    assert Signature().name("INFO@Shop-A.example") == names[0]


def test_a_file_gives_annotators_names_of_their_own(tmp_path) -> None:
    path = tmp_path / "annotators.yaml"
    path.write_text("Anna.Lee@shop.example: anna\n3: ben\n", encoding="utf-8")
    known = Signature(names=load_names(path))
    assert [known.name(said) for said in ("anna.lee@shop.example", 3, "carla")] == [
        "anna",
        "ben",
        "carla",
    ]
    assert known.name("", None, 3) == "ben"
    path.write_text("3: 'Ben at home'\n", encoding="utf-8")
    with pytest.raises(TemplateError, match=r"annotators\.yaml is wrong at 3"):
        load_names(path)


def test_json_min_is_read_one_object_an_annotation(tmp_path) -> None:
    flat = {
        "id": 1,
        "row": "m3",
        "text": TEXT,
        "labels": {"choices": ["availability_inquiry", "price_inquiry"]},
        "slots": [{"start": 5, "end": 6, "text": "M", "labels": ["variant"]}],
        "annotator": 3,
    }
    single = {**flat, "labels": "spam", "annotator": "ben@annotators.invalid"}
    del single["slots"]
    given, aside = read(tmp_path, flat, single)
    assert aside == []
    assert [(one.by, one.labels) for one in given] == [
        ("annotator-3", ("availability_inquiry", "price_inquiry")),
        ("ben", ("spam",)),
    ]
    assert given[0].slots == (ExpectedSlot(kind="variant", text="M"),)


def test_a_choice_may_be_a_word_and_a_guideline_may_be_null(tmp_path) -> None:
    one = task(result("labels", "choices", choices="spam"), guideline=None)
    given, aside = read(tmp_path, one, guideline=2)
    assert (given[0].labels, given[0].guideline, aside) == (("spam",), 2, [])


def test_a_relation_and_a_span_without_its_label_are_named_and_the_rest_is_taken(tmp_path) -> None:
    spam = result("labels", "choices", choices=["spam"])
    relation = {"type": "relation", "from_id": "s1", "to_id": "s2", "direction": "right"}
    bare = result("slots", "labels", start=0, end=4, text="size")
    given, aside = read(tmp_path, task(spam, relation, bare), task(by=7))
    assert [one.by for one in given] == ["anna", "annotator-7"]
    assert aside == ["a relation is not taken", "the span 'size' has lost its label"]


@pytest.mark.parametrize(
    ("said", "end", "found"),
    [
        ("size M\\nor size", 13, "size M\nor size"),
        ("gone since", 13, "size M\nor siz"),
        (None, 6, "size M"),
    ],
)
def test_a_span_is_found_although_its_line_break_came_back_escaped(
    tmp_path, said, end, found
) -> None:
    spam = result("labels", "choices", choices=["spam"])
    span = result("slots", "labels", start=0, end=end, text=said, labels=["variant"])
    given, aside = read(tmp_path, task(spam, span))
    assert (given[0].slots, aside) == ((ExpectedSlot(kind="variant", text=found),), [])


def test_skipped_unlabelled_and_malformed_tasks_are_named_and_others_taken(tmp_path) -> None:
    guess = {"model_version": "m", "result": [result("labels", "choices", choices=["spam"])]}
    only_predicted = {**task(), "annotations": [], "predictions": [guess]}
    given, aside = read(
        tmp_path,
        task(was_cancelled=True),
        only_predicted,
        task(result("slots", "labels", start=0, end=4, text="size", labels=["variant"])),
        {"data": {}},
        ["no task"],
        task(),
    )
    assert len(given) == 1
    assert aside[:3] == [
        "was skipped by its annotator",
        "nobody has labelled it; what a model predicted is not taken",
        "has no label",
    ]
    assert [one.split(" ")[:2] for one in aside[3:]] == [["is", "malformed:"]] * 2


def test_our_own_sheet_with_line_separators_in_a_text_comes_back_whole(tmp_path) -> None:
    row = next(iter(rows_by_message().values()))
    texts = ["price?\u2028thanks", "price\x85for two", "one\x0btwo", "a\r\nb", "=1+1\u2029x"]
    original = [
        row.model_copy(
            update={
                "id": f"r{number}",
                "input": row.input.model_copy(update={"text": text}),
                "labels": row.labels[:1],
            }
        )
        for number, text in enumerate(texts)
    ]
    given, aside = from_sheet(tmp_path, sheet(original, blind=False))
    assert aside == []
    assert [one.text for one in given] == texts


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_sign_between_cells_is_told_by_content(tmp_path, sign, encoding) -> None:
    text = f"id{sign}Labels{sign}by\r\nm1{sign}PU+pr{sign}Anna Lee\r\n"
    given, aside = from_sheet(tmp_path, text.encode(encoding))
    assert [(one.row, one.labels, one.by) for one in given] == [("m1", ("PU", "pr"), "anna-lee")]
    assert aside == []


@pytest.mark.parametrize(("said", "version"), [("1.0", 1), ("2", 2), ("", 1), ("2,0", 2)])
def test_a_guideline_that_a_spreadsheet_made_a_fraction_of_is_whole(
    tmp_path, said, version
) -> None:
    given, aside = from_sheet(tmp_path, f'id,labels,by,guideline\nm1,spam,anna,"{said}"\n')
    assert (given[0].guideline, aside) == (version, [])


@pytest.mark.parametrize("said", ["²", "1.5", "0", "one"])
def test_a_guideline_that_is_no_version_sets_that_line_aside_alone(tmp_path, said) -> None:
    given, aside = from_sheet(
        tmp_path, f"id,labels,by,guideline\nm1,spam,anna,{said}\nm2,spam,anna,1\n"
    )
    assert [one.row for one in given] == ["m2"]
    assert aside == [f"line 2: the guideline {said!r} is no version number"]


def test_slots_in_a_sheet_are_kind_and_text_below_each_other(tmp_path) -> None:
    text = 'id,labels,slots,by\nm1,PU,"quantity: two; variant: red: matt",anna\nm2,PU,,anna\n'
    given, aside = from_sheet(tmp_path, text)
    assert given[0].slots == (
        ExpectedSlot(kind="quantity", text="two"),
        ExpectedSlot(kind="variant", text="red: matt"),
    )
    assert (given[1].slots, aside) == ((), [])
    given, aside = from_sheet(tmp_path, "id,labels,slots,by\nm1,PU,two,anna\nm2,PU,,anna\n")
    assert [one.row for one in given] == ["m2"]
    assert "are not written as 'kind: text'" in aside[0]


def dev_row() -> Row:
    return next(
        row
        for row in of_split(list(rows_by_message().values()), "dev")
        if row.expected.labels == ("purchase_intent",)
    )


def test_the_guidelines_codes_are_accepted_as_labels_in_any_order() -> None:
    row = dev_row()
    merged, faults = merge([row], [Given("line 2", row.id, "anna", ("PR", "pu"))], taxonomy())
    assert faults == []
    assert merged[0].by("anna") == ("purchase_intent", "price_inquiry")


def doccano_file(tmp_path: Path, *lines: object) -> Path:
    path = tmp_path / "Anna.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
    return path


def test_doccano_lines_hold_words_spans_or_both_and_are_found_by_row_or_text(tmp_path) -> None:
    row = dev_row()
    start = row.input.text[:3]
    path = doccano_file(
        tmp_path,
        {"id": 1, "text": row.input.text, "row": row.id, "label": ["PU"]},
        {"id": 2, "text": row.input.text, "label": ["PU"], "annotator": "ben"},
        {
            "id": 3,
            "text": row.input.text,
            "meta": {"row": row.id},
            "cats": ["purchase_intent"],
            "entities": [{"start_offset": 0, "end_offset": 3, "label": "product"}],
            "username": "Carla",
        },
        {"id": 4, "text": row.input.text, "row": row.id, "label": []},
        {"id": 5, "label": ["PU"]},
    )
    given, aside = doccano.read_lines(path, taxonomy())
    assert [one.where for one in aside] == ["line 5"]
    merged, faults = merge([row], given, taxonomy())
    assert faults == []
    assert all(merged[0].by(name) == row.expected.labels for name in ("anna", "ben", "carla"))
    assert given[2].slots == (ExpectedSlot(kind="product", text=start),)


def test_rows_leave_for_doccano_without_a_label(tmp_path) -> None:
    told = [json.loads(line) for line in doccano.lines([dev_row()]).splitlines()]
    assert told[0]["row"] == dev_row().id
    assert told[0]["label"] == []


def test_a_sheet_without_its_columns_is_refused_with_the_remedy(tmp_path) -> None:
    with pytest.raises(OperatorError, match="lacks the column id, labels; export a sheet"):
        from_sheet(tmp_path, "text\nhello\n")
