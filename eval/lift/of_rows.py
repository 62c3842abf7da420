"""Reads what a lift is measured on from rows of one's own: a Parquet file that has the features
already, such as ``intent features build`` writes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from eval.lift.behaviour import coded
from eval.lift.leaks import ColumnsOfEntity
from eval.lift.lift_columns import intent_columns
from eval.lift.material import Columns, Flags, Integers, LiftMaterial
from eval.lift.of_world import lead_rows
from eval.measure.giveaways import refuse_giveaways
from intent.features.definitions.definitions import MESSAGE, Definitions
from intent.model.errors import OperatorError

AT, USER, CLICKED, POSITION = "event_timestamp", "user_id", "clicked", "position"


def read_rows(path: Path, definitions: Definitions, target: str) -> LiftMaterial:
    """Read rows with ``event_timestamp``, ``user_id``, the column that is to be predicted (0 or 1)
    and features; ``position`` and ``clicked`` are used where they are there. Other columns of
    numbers are the base.

    The features come as they are: what a server would read is not known, so nothing is said of what
    was promised and kept. Shuffles move the intents of a row among the rows of its entity on its
    day.

    Raises:
        OperatorError: the file cannot be read, or lacks what is needed.
    """
    table = _sorted(path, target)
    intents = intent_columns(table.column_names, definitions)
    if not intents:
        raise OperatorError(f"{path} has no feature of an intent; see: intent features list --all")
    known = definitions.features
    messages = [
        name for name in table.column_names if name in known and known[name].topic == MESSAGE
    ]
    at = table[AT].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
    entities = _entities([*messages, *intents], table, definitions)
    values, days = _matrix(table, intents), at // (86_400 * 1_000_000)
    names = (*messages, *intents)
    whole = np.column_stack([_matrix(table, messages), values])
    clicked = _flags(table, CLICKED) if CLICKED in table.column_names else None
    wrote = np.nan_to_num(whole[:, _of_user(names, definitions)]).max(axis=1, initial=0.0) > 0
    users, others = entities["user"], _others(table, names, target)
    labels, base = _flags(table, target), _matrix(table, others)
    refuse_giveaways(others, base, **{target: labels})
    return LiftMaterial(
        name=str(path),
        target=target,
        at=at,
        users=users,
        labels=labels,
        clicked=np.ones(len(table), dtype=bool) if clicked is None else clicked,
        positions=table[POSITION].to_numpy() if POSITION in table.column_names else None,
        base=base,
        messages=whole[:, : len(messages)],
        intents=values,
        names=names,
        shuffled=lambda seed: _shuffled(values, intents, entities, days, definitions, seed),
        groups=_groups(names, whole, entities, definitions),
        served=None,
        by_event=None,
        silent=np.asarray(np.bincount(users, wrote)[users] == 0),
        leads=lead_rows(names, whole),
        truth=None,
    )


def _sorted(path: Path, target: str) -> pa.Table:
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise OperatorError(
            f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}"
        ) from error
    for name in (AT, USER, target):
        if name not in table.column_names:
            raise OperatorError(f"{path} has no column {name}")
    if not pa.types.is_timestamp(table.schema.field(AT).type):
        raise OperatorError(f"{AT} of {path} must be a timestamp with a time zone")
    return table.sort_by(AT)


def _others(table: pa.Table, names: tuple[str, ...], target: str) -> list[str]:
    taken = {*names, target, CLICKED, POSITION}
    return [
        field.name
        for field in table.schema
        if field.name not in taken
        and (pa.types.is_integer(field.type) or pa.types.is_floating(field.type))
    ]


def _matrix(table: pa.Table, names: list[str] | tuple[str, ...]) -> Columns:
    if not names:
        return np.zeros((len(table), 0), dtype=np.float32)
    return np.column_stack([table[name].to_numpy().astype(np.float32) for name in names])


def _flags(table: pa.Table, name: str) -> Flags:
    values = np.nan_to_num(table[name].cast(pa.float64()).to_numpy())
    return np.asarray(values > 0)


def _entities(names: list[str], table: pa.Table, definitions: Definitions) -> dict[str, Integers]:
    """Return the number of each row's entity, by view; rows without the keys of a view have the
    user's.
    """
    found = {"user": coded(table[USER])}
    for view in {definitions.features[name].view for name in names}:
        keys = [key for key in definitions.views[view].keys if key in table.column_names]
        if len(keys) == len(definitions.views[view].keys):
            numbers = np.column_stack([coded(table[key]) for key in keys])
            found[view] = np.unique(numbers, axis=0, return_inverse=True)[1].ravel()
    return found


def _of_user(names: tuple[str, ...], definitions: Definitions) -> list[int]:
    counts = ("count", "expected", "decayed")
    return [
        place
        for place, name in enumerate(names)
        if definitions.features[name].view == "user"
        and definitions.features[name].statistic in counts
    ]


def _groups(
    names: tuple[str, ...], values: Columns, entities: dict[str, Integers], definitions: Definitions
) -> list[ColumnsOfEntity]:
    views = [definitions.features[name].view for name in names]
    return [
        ColumnsOfEntity(
            entities.get(view, entities["user"]),
            [name for name, its in zip(names, views, strict=True) if its == view],
            values[:, [place for place, its in enumerate(views) if its == view]],
        )
        for view in dict.fromkeys(views)
    ]


def _shuffled(
    values: Columns,
    names: tuple[str, ...],
    entities: dict[str, Integers],
    days: Integers,
    definitions: Definitions,
    seed: int,
) -> Columns:
    """Return the columns with rows that changed places within day and entity; the columns of one
    view stay together.
    """
    chance, moved = np.random.default_rng(seed), values.copy()
    views = [definitions.features[name].view for name in names]
    for view in dict.fromkeys(views):
        entity = entities.get(view, entities["user"])
        order = np.lexsort((days, entity))
        mixed = np.lexsort((chance.random(len(days)), days, entity))
        places = np.array([place for place, its in enumerate(views) if its == view])
        moved[np.ix_(order, places)] = values[np.ix_(mixed, places)]
    return moved
