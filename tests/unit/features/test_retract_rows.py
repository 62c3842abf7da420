"""Training rows of the time before a message was retracted or edited stay as they were, byte for
byte; from then on it counts for nothing, or as it is.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from intent.features.definitions.definitions import load_definitions
from intent.features.definitions.events import Topics
from intent.features.offline.build import build
from intent.features.offline.duck import DuckEngine
from intent.features.offline.facts import export_facts
from intent.features.offline.history import KnownHistory
from intent.features.online.state import SqlFeatureState
from intent.model.batch import Batch, Retraction
from intent.model.decision import Entry
from intent.model.taxonomy import Taxonomy
from intent.queues.inbox import SqlInbox
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from intent.store.schema import decisions
from intent.store.times import microseconds
from tests.conftest import EPOCH, MakeDecision, MakeMessage
from tests.unit.features.offline import write_spine

COUNT = "user__purchase_intent__count_1h"


def seconds(number: float) -> datetime:
    return EPOCH + timedelta(seconds=number)


class Story:
    """One message in a database whose clock says what the test says."""

    def __init__(self, database: Database, taxonomy: Taxonomy, make: MakeDecision) -> None:
        self.database, self.make = database, make
        self.definitions = load_definitions(taxonomy.names, taxonomy.members)
        self.features = SqlFeatureState(taxonomy.members)
        self.inbox = SqlInbox(database, features=self.features)

    def put(self, batch: Batch, at: float) -> None:
        self.inbox.put(batch)
        self._known(at)

    def decide(self, label: str, at: float) -> None:
        taken = self.inbox.take(10, 1000)
        with self.database.begin() as transaction:
            held = self.inbox.done(transaction, taken)
            entries = [Entry(one.message, self.make(label), one.revision) for one in held]
            self.features.add(transaction, SqlDecisions().save(transaction, entries))
        self._known(at)

    def _known(self, at: float) -> None:
        new = decisions.c.created_timestamp > seconds(10_000)
        with self.database.begin() as transaction:
            transaction.execute(decisions.update().where(new).values(created_timestamp=seconds(at)))

    def rows(self, folder: Path, name: str, times: list[float]) -> Path:
        """Export what is new and build rows at these times; return their file."""
        export_facts(self.database, folder / "facts", Topics(self.definitions.groups))
        spine, out = folder / f"{name}.spine", folder / f"{name}.parquet"
        asked = [(microseconds(seconds(at)), "u-1", "c", "room-1", "i") for at in times]
        write_spine(asked, spine)
        with DuckEngine(folder, threads=1) as engine:
            build(
                engine,
                self.definitions.choose("test", [COUNT, "room__lead__distinct_users_1h"]),
                self.definitions,
                spine=spine,
                facts=folder / "facts",
                out=out,
                history=KnownHistory(0),
            )
        return out


BEFORE = [5.0, 15.0, 30.0, 60.0]


@pytest.mark.parametrize(("happens", "after"), [("retract", None), ("edit", 0.0)])
def test_rows_before_a_retraction_or_an_edit_stay_as_they_were(
    happens: str,
    after: Any,
    database: Database,
    taxonomy: Taxonomy,
    make_decision: MakeDecision,
    make_message: MakeMessage,
    tmp_path: Path,
) -> None:
    story = Story(database, taxonomy, make_decision)
    message = make_message("I order two", sent_at=EPOCH)
    story.put(Batch([message]), at=1)
    story.decide("purchase_intent", at=10)
    first = story.rows(tmp_path, "first", BEFORE)
    if happens == "retract":
        gone = Retraction("tiktok", "room-1", seconds(60), message_id=message.message_id)
        story.put(Batch(retractions=[gone]), at=60)
    else:
        story.put(Batch([message.model_copy(update={"text": "no, thanks"})]), at=60)
        story.decide("chatter", at=70)
    again = story.rows(tmp_path, "again", BEFORE)
    assert again.read_bytes() == first.read_bytes()
    assert pq.read_table(first)[COUNT].to_pylist() == [None, 1.0, 1.0, 1.0]
    later = pq.read_table(story.rows(tmp_path, "later", [61.0, 71.0]))
    assert later[COUNT].to_pylist() == [None, after]
