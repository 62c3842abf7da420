"""Decisions that were made elsewhere stand beside what readers see; what does not fit is left out."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from intent.classify.contact_forms import ContactFinder
from intent.model.batch import Batch, Retraction
from intent.model.decision import Decision
from intent.model.errors import OperatorError
from intent.model.message import Message
from intent.operations.decided_files import (
    SCHEMA,
    decided_row,
    model_of,
    read_decided,
    refused_row,
)
from intent.operations.runs import LongWork, import_decided, promote
from intent.store.runs import SqlRuns
from tests.conftest import MakeDecision, MakeMessage, rows
from tests.integration.conftest import House


@pytest.fixture
def bought(make_decision: MakeDecision) -> Decision:
    return make_decision("purchase_intent")


def write(folder: Path, messages: Sequence[Message], decision: Decision) -> Path:
    """Write what a job would, with one row that was refused."""
    folder.mkdir()
    decided = [decided_row(one, decision, ContactFinder()) for one in messages]
    table = pa.Table.from_pylist([*decided, refused_row("no message")], schema=SCHEMA)
    pq.write_table(table, folder / "part-0.parquet")
    return folder


def bring(house: House, folder: Path, name: str = "other") -> Counter[str]:
    runs = SqlRuns(house.database)
    runs.start(name, prompt="none", prompt_version=model_of(folder), description="a trial")
    work = LongWork(runs, house.database, threading.Event())
    return import_decided(work, house.decisions, name, read_decided(folder, 2))


def test_only_what_still_stands_is_imported(
    house: House, make_message: MakeMessage, bought: Decision, tmp_path: Path
) -> None:
    kept, edited, gone, waiting, unknown = (make_message(f"text {n}") for n in range(5))
    house.work(kept, edited, gone, unsure=False)
    again = edited.model_copy(update={"text": "a new text", "sent_at": unknown.sent_at})
    house.work(again, unsure=False)
    taken = Retraction("tiktok", gone.room_id, unknown.sent_at, message_id=gone.message_id)
    house.inbox.put(Batch([waiting], retractions=[taken]))
    folder = write(tmp_path / "out", [kept, kept, edited, gone, waiting, unknown], bought)
    found = bring(house, folder)
    assert found == Counter(
        {"imported": 1, "repeated": 1, "edited": 1, "taken back": 1, "undecided": 1, "unknown": 1}
    )
    (beside,) = (row for row in rows(house.database, "decisions") if row["run"] == "other")
    assert (beside["message_id"], bool(beside["visible"])) == (kept.message_id, False)
    assert house.holds()
    house.work(unsure=False)
    assert house.holds()


def test_importing_again_changes_nothing_and_promotion_shows_it(
    house: House, make_message: MakeMessage, bought: Decision, tmp_path: Path
) -> None:
    messages = [make_message("call +62 812-3456-7890"), make_message("how much?")]
    stored = [ContactFinder().hide(one.text).text for one in messages]
    house.work(
        *(
            one.model_copy(update={"text": text})
            for one, text in zip(messages, stored, strict=True)
        ),
        unsure=False,
    )
    folder = write(tmp_path / "out", messages, bought)
    assert bring(house, folder)["imported"] == 2
    before = rows(house.database, "decisions")
    assert bring(house, folder) == Counter(repeated=2)
    assert rows(house.database, "decisions") == before
    work = LongWork(SqlRuns(house.database), house.database, threading.Event())
    assert promote(work, house.decisions, house.features, "other") == 2
    assert house.holds()
    with pytest.raises(OperatorError, match="is promoted"):
        bring(house, folder)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"platform": ["tiktok"]}), tmp_path / "facts.parquet")
    with pytest.raises(OperatorError, match="holds no decisions"):
        model_of(tmp_path)
