"""What sources.yaml may say of a source beside its options."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Generator
from pathlib import Path
from threading import Event

import pytest

from intent.bootstrap.listening import as_listened
from intent.bootstrap.source_file import chosen_sources
from intent.model.errors import WrongUse

SAID = {
    "platform": "p",
    "room_id": "r",
    "user_id": "u",
    "kind": "comment",
    "text": "how much?",
    "sent_at": "2026-11-20T20:00:00Z",
}
LINES = [{**SAID, "message_id": "1"}, {**SAID, "message_id": "2", "category_id": "shoes"}]


def written(tmp_path: Path, category: str) -> Path:
    (tmp_path / "lines").write_text("".join(json.dumps(one) + "\n" for one in LINES), "utf-8")
    prints = f"print(open({str(tmp_path / 'lines')!r}).read())"
    source = f"exec:{sys.executable} -c {shlex.quote(prints)}"
    file = tmp_path / "sources.yaml"
    file.write_text(f"shop:\n  source: {json.dumps(source)}\n{category}", "utf-8")
    return file


@pytest.mark.parametrize(
    ("category", "known"),
    [("", [None, "shoes"]), ("  category: dresses\n", ["dresses", "shoes"])],
)
def test_a_category_is_that_of_messages_that_name_none(
    tmp_path: Path, category: str, known: list[str | None]
) -> None:
    (named,) = chosen_sources([], written(tmp_path, category))
    listened = as_listened(named, environment=os.environ, stop=Event(), state_dir=tmp_path)
    read = listened.build(None).read()
    assert isinstance(read, Generator)
    found = [one for batch in read for one in batch.messages]
    assert [one.category_id for one in found] == known


def test_a_category_that_is_a_number_is_its_text(tmp_path: Path) -> None:
    (named,) = chosen_sources([], written(tmp_path, "  category: 26\n"))
    assert named.category == "26"


@pytest.mark.parametrize("wrong", ["[a]", "''", "1.5", "true"])
def test_a_category_that_is_no_id_is_refused(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(WrongUse, match="shop: the category must be the platform's own id"):
        chosen_sources([], written(tmp_path, f"  category: {wrong}\n"))
