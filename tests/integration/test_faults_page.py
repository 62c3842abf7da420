"""The page of faults says what runs have noted, of the tests that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.fault_classes import BESIDE, BY_KEY, CLASSES
from tests.faults_page import PAGE, RECORD, ROOT, cost, merged, page_of

NOTED = json.loads(RECORD.read_text(encoding="utf-8"))["notes"]
MARK = re.compile(r'mark\.fault\(\s*"(\w+)"')


def sources() -> str:
    files = [one for one in (ROOT / "tests").rglob("test_*.py") if one != Path(__file__)]
    return "\n".join(one.read_text(encoding="utf-8") for one in sorted(files))


def test_there_are_23_classes_and_each_has_a_test() -> None:
    marked = set(MARK.findall(sources())) | {"redis", "kafka"}  # these two are marked in a loop
    assert len(CLASSES) == 23
    assert len(BY_KEY) == len(CLASSES) + len(BESIDE)
    assert marked - BY_KEY.keys() == set()
    assert BY_KEY.keys() - marked == set()


def test_the_page_is_what_runs_have_noted() -> None:
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    assert PAGE.read_text(encoding="utf-8") == page_of(record), "run `python -m tests.faults_page`"


def test_what_is_noted_was_tried_by_tests_that_there_are_and_cost_nothing() -> None:
    for note in NOTED:
        place, _, name = note["test"].partition("::")
        source = (ROOT / place).read_text(encoding="utf-8")
        assert f"def {name.partition('[')[0]}(" in source, note
        assert note["tried"] > 0, note
        assert (note["lost"], note["doubled"], note["leaked"] or 0) == (0, 0, 0), note


def test_each_class_was_tried_as_often_as_the_page_says_and_with_contact_details() -> None:
    for key in BY_KEY:
        notes = [note for note in NOTED if note["fault"] == key]
        seconds = cost(notes)
        assert seconds is not None, key
        assert sum(note["tried"] for note in notes) >= (100 if seconds < 1.0 else 30), key
        assert any(note["leaked"] is not None for note in notes), key


def test_a_later_note_of_a_test_takes_the_place_of_an_earlier_one() -> None:
    first, second = ({"test": "a", "tried": number} for number in (1, 2))
    other = {"test": "b", "tried": 3}
    assert merged({"notes": [first, other]}, [second])["notes"] == [second, other]
