"""The list of breaks is kept up: each finds its text and its tests, and the runner tells what it
sees.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutations import CAUGHT, MISSED, ROOT, Break, attempt, broken, read_breaks

BREAKS = read_breaks()


@pytest.mark.parametrize("one", BREAKS, ids=lambda one: one.name)
def test_a_break_finds_its_text_and_its_tests(one: Break) -> None:
    assert broken((ROOT / one.file).read_text(encoding="utf-8"), one)
    files = [word for word in one.tests if word.startswith("tests/")]
    assert files
    assert all((ROOT / file).exists() for file in files)


def test_breaks_have_names_of_their_own() -> None:
    assert len({one.name for one in BREAKS}) == len(BREAKS) >= 25


@pytest.mark.parametrize(
    ("asserted", "result"),
    [("add(1, 2) == 3", CAUGHT), ("add(0, 0) == 0", MISSED)],
    ids=["noticed", "unnoticed"],
)
def test_a_break_is_caught_by_tests_that_fail_on_it(
    tmp_path: Path, asserted: str, result: str
) -> None:
    (tmp_path / "sum.py").write_text("def add(a, b):\n    return a + b\n", encoding="utf-8")
    (tmp_path / "test_sum.py").write_text(
        f"from sum import add\n\ndef test_add():\n    assert {asserted}\n", encoding="utf-8"
    )
    one = Break("it subtracts", "sum.py", "a + b", "a - b", ("test_sum.py",))
    assert attempt(tmp_path, one) == result
    assert "a + b" in (tmp_path / "sum.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "one",
    [
        Break("text that is gone", "sum.py", "a * b", "a / b", ("test_sum.py",)),
        Break("tests that are gone", "sum.py", "a + b", "a - b", ("test_gone.py",)),
    ],
    ids=lambda one: one.name,
)
def test_what_cannot_be_tried_is_no_catch(tmp_path: Path, one: Break) -> None:
    (tmp_path / "sum.py").write_text("def add(a, b):\n    return a + b\n", encoding="utf-8")
    assert attempt(tmp_path, one) not in (CAUGHT, MISSED)
