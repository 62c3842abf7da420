"""Reads what a lift is measured on from a log: a world, or a folder with the same tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from eval.lift.behaviour import behaviour, shown_entities
from eval.lift.built import (
    KNOWN,
    SERVED,
    FeatureBuilder,
    by_event_time,
    dealt_anew,
    read_facts,
)
from eval.lift.leaks import ColumnsOfEntity
from eval.lift.lift_columns import LiftColumns, lately_column, lift_columns
from eval.lift.material import Columns, Flags, Floats, Integers, LiftMaterial
from eval.world.world_folder import read_about
from intent.features.definitions.definitions import Definitions, FeatureSet
from intent.model.errors import OperatorError
from intent.ranking.impression_log import ShownRows, read_impressions, write_requests

TARGETS = ("click", "order")


def read_log(
    folder: Path,
    definitions: Definitions,
    feature_set: FeatureSet,
    target: str,
    scratch: Path,
    *,
    joins: bool = True,
) -> LiftMaterial:
    """Read impressions, clicks and conversions, and build their features from ``facts/``.

    Args:
        scratch: folder for what comes and goes.
        joins: whether also what a server reads, and what a join by event time sees, is built.

    Raises:
        OperatorError: a table or the facts are missing, or the target is another.
    """
    _require_target(target)
    rows, spine = read_impressions(folder), scratch / "spine.parquet"
    write_requests(folder, spine)
    entities = shown_entities(spine)
    columns = lift_columns(feature_set, definitions)
    builder = FeatureBuilder(spine, scratch, definitions)
    facts, stored = read_facts(folder / "facts"), folder / "facts"
    known = builder.built(stored, columns.names, KNOWN)
    served = builder.built(stored, columns.names, SERVED) if joins else None
    by_event = builder.from_table(by_event_time(facts), columns.names, SERVED) if joins else None
    many = len(columns.messages)
    wanted = [feature.name for feature in columns.intents]
    return LiftMaterial(
        name=str(folder),
        target=target,
        at=rows.served,
        users=entities["user"],
        labels=rows.clicked if target == "click" else rows.ordered,
        clicked=np.ones(len(rows), dtype=bool) if target == "click" else rows.clicked,
        positions=rows.position,
        base=behaviour(rows, entities),
        messages=known[:, :many],
        intents=known[:, many:],
        names=columns.names,
        shuffled=lambda seed: builder.from_table(dealt_anew(facts, seed), wanted, KNOWN),
        groups=_groups(columns, entities, known),
        served=served,
        by_event=by_event,
        silent=_silent(spine, facts),
        leads=lead_rows(columns.names, known),
        truth=_truth(folder, target, rows),
    )


def _require_target(target: str) -> None:
    if target not in TARGETS:
        raise OperatorError(f"a lift is of {' or '.join(TARGETS)}, not of {target!r}")


def _groups(
    columns: LiftColumns, entities: dict[str, Integers], values: Columns
) -> list[ColumnsOfEntity]:
    features = (*columns.messages, *columns.intents)
    groups = []
    for view in dict.fromkeys(feature.view for feature in features):
        places = [place for place, feature in enumerate(features) if feature.view == view]
        names = [features[place].name for place in places]
        groups.append(ColumnsOfEntity(entities[view], names, values[:, places]))
    return groups


def _silent(spine: Path, facts: pa.Table) -> Flags:
    shown = pq.read_table(spine, columns=["user_id"])["user_id"]
    return ~np.asarray(pa.compute.is_in(shown, value_set=facts["user_id"].unique()))


def lead_rows(names: tuple[str, ...], values: Columns) -> Flags:
    """Return the rows whose user said something with a lead intent within the shortest window of a
    day or more that is at hand.
    """
    place = lately_column(names, "lead")
    if place is None:
        return np.zeros(len(values), dtype=bool)
    return np.asarray(np.nan_to_num(values[:, place]) > 0)


def _truth(folder: Path, target: str, rows: ShownRows) -> Floats | None:
    """Return the chance of an order that counts: one that names its buyer, and stands."""
    path = folder / "truth" / "impressions.parquet"
    if not path.exists() or target != "order":
        return None
    knobs = read_about(folder).knobs
    chance = pq.read_table(path, columns=["order_chance"])["order_chance"].to_numpy()
    told = chance * (1 - knobs.link_loss) * (1 - knobs.refunds)
    return told if len(chance) == len(rows) else None
