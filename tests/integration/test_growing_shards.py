"""A shard more: rooms move while workers work, and whoever moves them may die anywhere."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr

from intent.bootstrap.application import Application, open_application
from intent.bootstrap.shards import build_growing, build_inlet, feature_reader, open_shards
from intent.model.batch import Batch, Retraction
from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.errors import OperatorError, StoreUnavailable
from intent.model.outcomes import Impression
from intent.model.shard_map import ShardMap
from intent.operations.audit import audit
from intent.operations.leads import find_leads
from intent.operations.shards import check_between, leads_over
from intent.outcomes.recording import OutcomeRecorder
from intent.store.access import Access
from tests.conftest import EPOCH, MakeDecision, MakeMessage, rows
from tests.integration.test_shards import history, work

STEPS = ("fenced", "awaited", "held", "copying", "copied", "deleting", "deleted")
PHONE = "call me +62 812-3456-7890"
DECISION = ("revision", "run", "labels", "lead_probability", "slots", "created_timestamp")


class Killed(Exception):
    """Stands for a process that dies in the middle."""


@pytest.fixture
def first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Application:
    """One database, as it was before anybody thought of shards."""
    monkeypatch.setenv("INTENT_KEY_FILE", str(tmp_path / "keys"))
    return named(tmp_path, 1)


def named(folder: Path, count: int) -> Application:
    app = open_application(access=Access.CREATE)
    url = " ".join(f"sqlite:///{folder}/{number}.db" for number in range(1, count + 1))
    settings = app.settings.model_copy(update={"database_url": SecretStr(url)})
    return open_application(settings, access=Access.CREATE)


def fill(app: Application, make_message: MakeMessage, make: MakeDecision) -> None:
    """Decide a history, take some of it back, and let some wait."""
    messages = history(make_message, 90)
    spoken = make_message(f"purchase_intent {PHONE}", room_id="room-1", user_id="u-1")
    gone = [
        Retraction(one.platform, one.room_id, EPOCH, message_id=one.message_id)
        for one in messages[::17]
    ]
    inlet = build_inlet(app)
    inlet.put(Batch([*messages, spoken]))
    for one in open_shards(app):
        work(one, make)
    inlet.put(Batch(retractions=gone))
    inlet.put(Batch([make_message("chatter", room_id=f"room-{n}") for n in range(12)]))


def decided(app: Application) -> dict[object, object]:
    """Return what stands for each message, with the shards taken together."""
    found: dict[object, object] = {}
    for one in open_shards(app):
        for row in rows(one.database, "decisions"):
            key = (row["platform"], row["message_id"], row["revision"])
            assert key not in found
            found[key] = tuple(str(row[name]) for name in DECISION)
    return found


def waiting(app: Application) -> list[str]:
    found = [row["message_id"] for one in open_shards(app) for row in rows(one.database, "inbox")]
    return sorted(found)


def require_whole(app: Application) -> None:
    shards = open_shards(app)
    assert all(audit(one.database, app.taxonomy.members).holds for one in shards)
    assert check_between([one.database for one in shards]).holds
    for one in shards:
        assert not rows(one.database, "leaving_rooms")
        assert not rows(one.database, "awaited_rooms")


@pytest.mark.parametrize("at", STEPS)
def test_a_shard_more_loses_and_doubles_nothing_wherever_the_mover_dies(
    tmp_path: Path,
    first: Application,
    make_message: MakeMessage,
    make_decision: MakeDecision,
    at: str,
) -> None:
    fill(first, make_message, make_decision)
    before, waited = decided(first), waiting(first)
    leads = list(find_leads(first.database, first.taxonomy))
    passed: list[str] = []

    def die(step: str) -> None:
        passed.append(step)
        if step == at and passed.count(at) == (2 if at not in {"fenced"} else 1):
            raise Killed

    app = named(tmp_path, 3)
    with pytest.raises(Killed):
        build_growing(app, step=die).run()
    late = make_message("price_inquiry", room_id="room-2")
    moved = build_growing(named(tmp_path, 3)).run()
    app = named(tmp_path, 3)
    require_whole(app)
    assert moved or at == "deleted"
    assert (decided(app), waiting(app)) == (before, waited)
    databases = [one.database for one in open_shards(app)]
    assert [one.id for one in leads_over(databases, app.taxonomy)] == [one.id for one in leads]
    assert build_inlet(app).put(Batch([late])).new == 1
    for one in open_shards(app):
        work(one, make_decision)
    require_whole(app)
    assert not waiting(app)


def test_features_and_contact_details_are_the_same_after_two_more_shards(
    tmp_path: Path, first: Application, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    fill(first, make_message, make_decision)
    definitions = first.definitions
    every = definitions.choose("every", list(definitions.features))
    asked = {
        "platform": ["tiktok"] * 6,
        **{
            name: [f"{letter}-{number}" for number in range(6)]
            for name, letter in (
                ("user_id", "u"),
                ("room_id", "room"),
                ("creator_id", "c"),
                ("item_id", "i"),
                ("category_id", "k"),
            )
        },
    }
    at = EPOCH.replace(year=2026, day=23)
    one = feature_reader(first).read(every, asked, at)
    for count in (2, 3):
        build_growing(named(tmp_path, count)).run()
    app = named(tmp_path, 3)
    require_whole(app)
    over = feature_reader(app).read(every, asked, at)
    for name in every.names:
        assert np.array_equal(over.statuses[name], one.statuses[name]), name
        if over.columns[name].dtype == object:
            assert over.columns[name].tolist() == one.columns[name].tolist(), name
        else:
            np.testing.assert_allclose(over.columns[name], one.columns[name], rtol=1e-9, atol=1e-9)
    kept = []
    for shard in open_shards(app):
        with shard.database.read() as connection:
            ids = [(row["platform"], row["message_id"]) for row in rows(shard.database, "messages")]
            kept += itertools.chain(*shard.vault.kept(connection, ids).values())
    assert [one.text for one in kept] == [PHONE.removeprefix("call me ")]


def test_what_comes_for_a_room_on_its_way_waits_and_the_others_go_on(
    tmp_path: Path, first: Application, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    fill(first, make_message, make_decision)

    def die(step: str) -> None:
        if step == "held":
            raise Killed

    with pytest.raises(Killed):
        build_growing(named(tmp_path, 2), step=die).run()
    app, homes = named(tmp_path, 2), ShardMap(2)
    rooms = [f"room-{number}" for number in range(12)]
    moving = next(room for room in rooms if homes.home("tiktok", room) == 2)
    staying = next(room for room in rooms if homes.home("tiktok", room) == 1)
    inlet = build_inlet(app)
    assert inlet.put(Batch([make_message(room_id=staying)])).new == 1
    with pytest.raises(StoreUnavailable, match="on its way"):
        inlet.put(Batch([make_message(room_id=moving)]))
    build_growing(app).run()
    assert inlet.put(Batch([make_message(room_id=moving)])).new == 1


def test_a_worker_that_decides_a_room_on_its_way_finds_its_claim_gone(
    tmp_path: Path, first: Application, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    fill(first, make_message, make_decision)
    lent = first.inbox.take(100, 100_000)
    assert len(lent) == 12
    build_growing(named(tmp_path, 2)).run()
    with first.database.begin() as transaction:
        held = first.inbox.done(transaction, lent)
        staying = {one.message.room_id for one in held}
    assert staying == {
        one.message.room_id for one in lent if ShardMap(2).home("tiktok", one.message.room_id) == 1
    }


def test_who_was_forgotten_stays_so_in_a_new_shard(
    tmp_path: Path, first: Application, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    from threading import Event

    from intent.bootstrap.erasing import forget_everywhere

    fill(first, make_message, make_decision)
    subject = DataSubject(SubjectKind.USER, "tiktok", "u-1")
    assert forget_everywhere(first, subject, stop=Event(), anyway=False).messages
    build_growing(named(tmp_path, 3)).run()
    again = [make_message(user_id="u-1", room_id=f"new-{number}") for number in range(9)]
    assert build_inlet(named(tmp_path, 3)).put(Batch(again)).erased == 9


def test_outcomes_live_in_the_first_shard(tmp_path: Path, first: Application) -> None:
    app = named(tmp_path, 2)
    shown = Impression("r", "tiktok", "u-1", "room-1", 1, EPOCH, "p")
    second = app.named_databases[1]
    with second.database.begin() as transaction:
        OutcomeRecorder(second.tombstones).impressions(transaction, [shown])
    with pytest.raises(OperatorError, match="has impressions, which live in the first"):
        build_growing(app).run()
