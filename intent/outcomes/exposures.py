"""Writes and reads experiments and exposures: a unit's arm is written in the transaction of
whatever it is shown with, once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, func, select

from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.errors import WrongUse
from intent.model.experiment import ComparedRatio, Experiment, ExperimentArm, UnitKind, block_begin
from intent.store.engine import insert_for
from intent.store.schema import experiments, exposures
from intent.store.tombstones import Tombstones
from intent.store.turns import in_turn

AT_ONCE = 5_000
"""Rows that are fetched at once."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """A unit that was shown an arm."""

    platform: str
    unit_id: str
    arm: str
    exposed_at: datetime


class ExposureRecorder:
    """Deals units to arms and writes that down, within the transaction of whoever asks; of erased
    people and rooms nothing is written.
    """

    def __init__(self, tombstones: Tombstones) -> None:
        self._tombstones = tombstones

    def expose(
        self,
        transaction: Connection,
        experiment: Experiment,
        platform: str,
        unit_ids: Sequence[str],
        at: datetime,
    ) -> list[str]:
        """Return the arms of these units, in their order; those that were exposed before keep
        their first time.
        """
        in_turn(transaction, alone=False)
        arms = [experiment.arm_of(platform, one) for one in unit_ids]
        subjects = {one: _subject(experiment.unit, platform, one) for one in unit_ids}
        gone = self._tombstones.buried(
            transaction, [one for one in subjects.values() if one is not None]
        )
        rows = [
            {
                "experiment": experiment.name,
                "platform": platform,
                "unit_kind": experiment.unit.value,
                "unit_id": unit_id,
                **_named(subjects[unit_id]),
                "arm": arm,
                "salt_version": experiment.salt_version,
                "exposed_at": at,
            }
            for unit_id, arm in dict(zip(unit_ids, arms, strict=True)).items()
            if subjects[unit_id] not in gone
        ]
        if rows:
            transaction.execute(insert_for(transaction, exposures).on_conflict_do_nothing(), rows)
        return arms


def save_experiment(transaction: Connection, experiment: Experiment) -> None:
    """Write an experiment down; the same one again changes nothing.

    Raises:
        WrongUse: another one has this name.
    """
    known = _read(transaction, experiment.name)
    if known is not None and known != experiment:
        raise WrongUse(
            f"there is another experiment {experiment.name!r}: what was dealt stays dealt, so "
            "another plan needs another name"
        )
    if known is None:
        transaction.execute(
            experiments.insert().values(
                name=experiment.name,
                unit_kind=experiment.unit.value,
                arms=[[arm.name, arm.share] for arm in experiment.arms],
                metric=experiment.metric.value,
                salt=experiment.salt,
                salt_version=experiment.salt_version,
                block_seconds=experiment.block and experiment.block.total_seconds(),
                burn_in_seconds=experiment.burn_in.total_seconds(),
                half_life_seconds=experiment.half_life and experiment.half_life.total_seconds(),
                planned=experiment.planned,
                started_timestamp=experiment.started,
            )
        )


def read_experiment(connection: Connection, name: str) -> Experiment:
    """Return an experiment.

    Raises:
        WrongUse: there is none of this name.
    """
    found = _read(connection, name)
    if found is None:
        raise WrongUse(f"there is no experiment {name!r}; see: intent experiment list")
    return found


def read_experiments(connection: Connection) -> list[tuple[Experiment, dict[str, int]]]:
    """Return all experiments, the newest first, with how many units each arm was shown to."""
    e, x = experiments.c, exposures.c
    counted: dict[str, dict[str, int]] = {}
    count = func.count().label("units")
    for row in connection.execute(select(x.experiment, x.arm, count).group_by(x.experiment, x.arm)):
        counted.setdefault(row.experiment, {})[row.arm] = row.units
    query = select(experiments).order_by(e.started_timestamp.desc(), e.name)
    return [
        (found, {arm.name: counted.get(found.name, {}).get(arm.name, 0) for arm in found.arms})
        for found in map(_experiment, connection.execute(query).mappings())
    ]


def read_exposures(connection: Connection, experiment: Experiment) -> Iterator[Exposure]:
    """Yield what was exposed under the experiment's salt, in order of writing."""
    x = exposures.c
    query = (
        select(x.platform, x.unit_id, x.arm, x.exposed_at)
        .where(x.experiment == experiment.name, x.salt_version == experiment.salt_version)
        .order_by(x.id)
    )
    for row in connection.execute(query.execution_options(yield_per=AT_ONCE)):
        yield Exposure(row.platform, row.unit_id, row.arm, row.exposed_at)


def count_exposures(connection: Connection) -> tuple[int, int]:
    """Count exposures, and those of them to another arm than the one that the salt deals."""
    found = wrong = 0
    for experiment, _ in read_experiments(connection):
        for one in read_exposures(connection, experiment):
            found += 1
            wrong += one.arm != experiment.arm_of(one.platform, one.unit_id)
    return found, wrong


def _read(connection: Connection, name: str) -> Experiment | None:
    query = select(experiments).where(experiments.c.name == name)
    row = connection.execute(query).mappings().first()
    return _experiment(row) if row is not None else None


def _experiment(row: RowMapping) -> Experiment:
    block, half_life = row["block_seconds"], row["half_life_seconds"]
    return Experiment(
        name=row["name"],
        unit=UnitKind(row["unit_kind"]),
        arms=tuple(ExperimentArm(name, float(share)) for name, share in row["arms"]),
        metric=ComparedRatio(row["metric"]),
        started=row["started_timestamp"],
        salt=row["salt"],
        salt_version=row["salt_version"],
        block=None if block is None else timedelta(seconds=block),
        burn_in=timedelta(seconds=row["burn_in_seconds"]),
        half_life=None if half_life is None else timedelta(seconds=half_life),
        planned=row["planned"],
    )


def _subject(unit: UnitKind, platform: str, unit_id: str) -> DataSubject | None:
    """Return whom or what a unit names; creators are not erased by their id."""
    if unit is UnitKind.VIEWER:
        return DataSubject(SubjectKind.USER, platform, unit_id)
    if unit is UnitKind.CREATOR:
        return None
    room_id = block_begin(unit_id)[0] if unit is UnitKind.TIME else unit_id
    return DataSubject(SubjectKind.ROOM, platform, room_id)


def _named(subject: DataSubject | None) -> dict[str, str | None]:
    return {
        f"{kind}_id": subject.id if subject is not None and subject.kind is kind else None
        for kind in (SubjectKind.USER, SubjectKind.ROOM)
    }
