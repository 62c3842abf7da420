"""An arm is a hash of salt and unit, and is written once, with whatever it is shown with."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.errors import WrongUse
from intent.model.experiment import ComparedRatio, Experiment, ExperimentArm, UnitKind
from intent.operations.forget import forget
from intent.outcomes.exposures import (
    ExposureRecorder,
    read_experiment,
    read_experiments,
    read_exposures,
    save_experiment,
)
from intent.outcomes.outcome_books import outcome_books
from intent.store.engine import Database
from intent.store.erasure import SqlErasure
from intent.store.outcome_record import read_outcomes_of
from intent.store.schema import exposures
from intent.store.tombstones import Tombstones
from tests.conftest import EPOCH

TOMBSTONES = Tombstones(lambda make: b"k" * 32)
RECORDER = ExposureRecorder(TOMBSTONES)
TRIED = Experiment(
    "boost",
    UnitKind.VIEWER,
    (ExperimentArm("control"), ExperimentArm("boost")),
    ComparedRatio.ORDERS_PER_VIEWER,
    EPOCH,
    salt="boost",
)


class NoFeatures:
    """Features of nobody."""

    def remove(self, transaction, stood) -> None:
        return None


def kept(database: Database, experiment: Experiment = TRIED) -> list[tuple[str, str]]:
    with database.read() as connection:
        return [(one.unit_id, one.arm) for one in read_exposures(connection, experiment)]


def expose(database: Database, *units: str, experiment: Experiment = TRIED) -> list[str]:
    with database.begin() as transaction:
        save_experiment(transaction, experiment)
        return RECORDER.expose(transaction, experiment, "tiktok", units, EPOCH)


def test_a_unit_that_comes_twice_is_written_once_with_its_first_time(database: Database) -> None:
    arms = expose(database, "ann", "ben", "ann")
    assert arms[0] == arms[2]
    with database.begin() as transaction:
        RECORDER.expose(transaction, TRIED, "tiktok", ["ann"], EPOCH + timedelta(hours=1))
    assert kept(database) == [("ann", arms[0]), ("ben", arms[1])]
    with database.read() as connection:
        assert {one.exposed_at for one in read_exposures(connection, TRIED)} == {EPOCH}


def test_what_is_rolled_back_was_never_exposed(database: Database) -> None:
    def fails() -> None:
        with database.begin() as transaction:
            save_experiment(transaction, TRIED)
            RECORDER.expose(transaction, TRIED, "tiktok", ["ann"], EPOCH)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    with database.read() as connection:
        assert read_experiments(connection) == []


def test_an_experiment_is_read_as_it_was_written_and_never_changed(database: Database) -> None:
    timed = replace(
        TRIED,
        name="turns",
        unit=UnitKind.TIME,
        block=timedelta(minutes=30),
        burn_in=timedelta(minutes=8),
        half_life=timedelta(minutes=2),
        planned=60,
    )
    expose(database, "ann")
    with database.begin() as transaction:
        save_experiment(transaction, timed)
        save_experiment(transaction, timed)
        assert read_experiment(transaction, "turns") == timed
        assert [one.name for one, _ in read_experiments(transaction)] == ["boost", "turns"]
        with pytest.raises(WrongUse, match="another plan needs another name"):
            save_experiment(transaction, replace(timed, planned=61))
        with pytest.raises(WrongUse, match="there is no experiment 'nobody'"):
            read_experiment(transaction, "nobody")


def test_forgetting_reaches_exposures_and_nobody_forgotten_is_exposed_again(
    database: Database,
) -> None:
    rooms = replace(TRIED, name="rooms", unit=UnitKind.ROOM)
    expose(database, "ann", "ben")
    expose(database, "room-1", "room-2", experiment=rooms)
    with database.read() as connection:
        assert len(read_outcomes_of(connection, "tiktok", "ann")["exposures"]) == 1
    for kind, key in ((SubjectKind.USER, "ann"), (SubjectKind.ROOM, "room-1")):
        subject = DataSubject(kind, "tiktok", key)
        parts = (SqlErasure(TOMBSTONES), NoFeatures(), database)
        assert forget(subject, *parts, stop=threading.Event()).outcomes == 1
    expose(database, "ann")
    expose(database, "room-1", experiment=rooms)
    assert [unit for unit, _ in kept(database)] == ["ben"]
    assert [unit for unit, _ in kept(database, rooms)] == ["room-2"]


def test_the_audit_finds_who_was_shown_another_arm_than_dealt(database: Database) -> None:
    (arm,) = expose(database, "ann")
    with database.begin() as transaction:
        books = outcome_books(transaction)
        assert (books.exposures, books.misdealt, books.holds) == (1, 0, True)
        other = {"control": "boost", "boost": "control"}[arm]
        transaction.execute(exposures.update().values(arm=other))
        books = outcome_books(transaction)
        assert (books.exposures, books.misdealt, books.holds) == (1, 1, False)
