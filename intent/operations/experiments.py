"""Plans, starts, assigns and reads experiments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from intent.experiments.analysis import analyse
from intent.experiments.arm_findings import ExperimentReport
from intent.experiments.own_rooms import RoomHistory, read_history
from intent.model.errors import WrongUse
from intent.model.experiment import ComparedRatio, Experiment, UnitKind, checked
from intent.outcomes.exposures import (
    ExposureRecorder,
    read_experiment,
    read_experiments,
    save_experiment,
)
from intent.outcomes.outcome_events import OutcomeEvents
from intent.outcomes.unit_sums import read_unit_sums
from intent.statistics.ratios import ArmRatios, ArmUnits, compare_viewers
from intent.store.all_shards import reading_all
from intent.store.engine import Database

ViewersCompared = Callable[[], Callable[[ArmUnits], ArmRatios]]


def read_own_rooms(
    database: Database,
    metric: ComparedRatio,
    since: datetime,
    until: datetime,
    others: Sequence[Database] = (),
) -> RoomHistory:
    """Return the rooms of a stretch of time, in one consistent view of each of several shards.

    Raises:
        WrongUse: too few rooms hold what the metric counts.
    """
    with reading_all(database, others) as shards:
        events = OutcomeEvents(shards[0], since, until, shards).read()
        return read_history(events, metric, since, until)


def start_experiment(database: Database, experiment: Experiment) -> None:
    """Write an experiment down.

    Raises:
        WrongUse: it cannot be run, or another one has its name.
    """
    with database.begin() as transaction:
        save_experiment(transaction, checked(experiment))


def list_experiments(database: Database) -> list[tuple[Experiment, dict[str, int]]]:
    """Return all experiments, the newest first, with the units that each arm was shown to."""
    with database.read() as connection:
        return read_experiments(connection)


def assign_units(
    database: Database,
    recorder: ExposureRecorder,
    name: str,
    platform: str,
    units: Sequence[str],
    at: datetime,
) -> list[tuple[str, str]]:
    """Return each unit with its arm, and write the exposures in the same transaction.

    Args:
        units: ids of viewers, rooms or creators; of rooms, where time is dealt: what is returned
            is the block that lasts at ``at``.

    Raises:
        WrongUse: there is no such experiment, or it has not begun.
    """
    with database.begin() as transaction:
        experiment = read_experiment(transaction, name)
        if at < experiment.started:
            raise WrongUse(f"{name} begins at {experiment.started.isoformat()}")
        ids = [
            experiment.block_of(one, at) if experiment.unit is UnitKind.TIME else one
            for one in units
        ]
        arms = recorder.expose(transaction, experiment, platform, ids, at)
    return list(zip(ids, arms, strict=True))


def analyse_experiment(
    database: Database,
    name: str,
    until: datetime,
    *,
    metric: ComparedRatio | None = None,
    burn_in: timedelta | None = None,
    viewers: ViewersCompared = lambda: compare_viewers,
    others: Sequence[Database] = (),
) -> ExperimentReport:
    """Read an experiment until an instant, in one consistent view.

    Args:
        metric: another than the one that it was started for.
        burn_in: another one, where time is dealt.
        viewers: brings what compares arms of viewers; called only where viewers are dealt.
        others: more shards, in which messages are.

    Raises:
        WrongUse: there is no such experiment, nothing was exposed, or nothing of the metric is
            stored.
    """
    with reading_all(database, others) as shards:
        experiment = read_experiment(shards[0], name)
        asked = checked(
            replace(
                experiment,
                metric=metric or experiment.metric,
                burn_in=experiment.burn_in if burn_in is None else burn_in,
            )
        )
        sums = read_unit_sums(shards[0], asked, until, shards)
    by = viewers() if asked.unit is UnitKind.VIEWER else compare_viewers
    return analyse(asked, sums, until, by)
