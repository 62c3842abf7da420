"""What is older than it is kept goes, and features stay right inside their windows."""

from __future__ import annotations

import hashlib
import threading
from datetime import UTC, datetime, timedelta

import pytest

from intent.features.definitions.definitions import load_definitions
from intent.features.online.read import FeatureReader
from intent.features.online.served import plain
from intent.model.batch import Batch, Refused
from intent.model.errors import WrongUse
from intent.model.retention_policy import RetentionPolicy
from intent.operations.retain import retain, would_delete
from tests.conftest import MakeMessage, rows
from tests.integration.conftest import House

NOW = datetime.now(UTC).replace(microsecond=0)


def windows(house: House) -> dict[str, object]:
    """Return what is counted over windows and is not zero."""
    names = house.make("price_inquiry").probabilities
    definitions = load_definitions(tuple(names), house.groups)
    chosen = [one for one in definitions.features if one.startswith("room__") and "count_" in one]
    table = FeatureReader(house.database, definitions).read(
        definitions.choose("room", chosen), {"platform": ["tiktok"], "room_id": ["room-1"]}, NOW
    )
    return {name: plain(column[0]) for name, column in table.columns.items() if column[0]}


def test_old_messages_go_with_all_made_of_them_and_windows_stay(
    house: House, make_message: MakeMessage
) -> None:
    house.local = house.make("price_inquiry")
    days = (1, 5, 29, 40, 50)
    said = [make_message(user_id=f"u{one}", sent_at=NOW - timedelta(days=one)) for one in days]
    house.work(*said, unsure=False)
    waiting = make_message("waits", sent_at=NOW - timedelta(days=90))
    house.inbox.put(Batch([waiting]))
    before = windows(house)
    assert before
    policy = RetentionPolicy(messages=31)
    assert would_delete(house.database, policy) == {"messages": 2}
    stopped = threading.Event()
    stopped.set()
    assert retain(house.database, house.features, policy, stop=stopped) == {}
    gone = retain(house.database, house.features, policy, stop=threading.Event())
    assert gone == {"messages": 2}
    assert would_delete(house.database, policy) == {"messages": 0}
    kept = {row["message_id"] for row in rows(house.database, "messages")}
    assert kept == {one.message_id for one in (*said[:3], waiting)}
    assert len(rows(house.database, "decisions")) == len(rows(house.database, "leads")) == 3
    assert windows(house) == before
    assert house.holds()
    assert rows(house.database, "tombstones") == []


def test_what_hangs_on_nothing_goes_by_its_age(house: House) -> None:
    payload = b"no message"
    letter = Refused("no", payload, hashlib.sha256(payload).hexdigest(), "-")
    house.inbox.put(Batch(refused=[letter]))
    policy = RetentionPolicy(dead_letters=1, replies=1, attempts=1, pushes=1, accesses=1)
    nothing = dict.fromkeys(("dead_letters", "replies", "attempts", "pushes", "accesses"), 0)
    assert retain(house.database, house.features, policy, stop=threading.Event()) == nothing
    assert len(rows(house.database, "dead_letters")) == 1


def test_messages_are_kept_for_the_longest_window() -> None:
    with pytest.raises(WrongUse, match="31 days at least"):
        RetentionPolicy(messages=30)
