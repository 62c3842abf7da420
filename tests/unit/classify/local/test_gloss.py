"""The glossary puts the trade's words into English and leaves English alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from intent.classify.local.translate import load_glossary
from intent.model.errors import OperatorError


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("how much is the red one", "how much is the red one"),
        ("多少钱", "how much"),
        ("เท่าไหร่คะ", "how much"),
        ("berapa kak", "how much"),
        ("bao nhiêu", "how much"),
        ("bao nhieu", "how much"),
        ("cuánto cuesta", "how much"),
        ("包邮吗 xl", "is shipping free xl"),
    ],
)
def test_it_translates(text: str, english: str) -> None:
    assert load_glossary().translate(text) == english


def test_unknown_words_of_an_unspaced_script_are_left_out() -> None:
    assert load_glossary().translate("鑫鑫") == ""


def test_a_line_that_is_no_entry_is_named(tmp_path: Path) -> None:
    path = tmp_path / "glossary.tsv"
    path.write_text("id\tberapa\thow much\nid berapa\n", encoding="utf-8")
    with pytest.raises(OperatorError, match="line 2"):
        load_glossary(path)


def test_a_missing_file_is_the_operators_to_mend(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="install the package again"):
        load_glossary(tmp_path / "none.tsv")
