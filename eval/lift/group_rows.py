"""Reads the rows that groups of features are measured on: impressions of a log such as a world, or
a built file of real messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from eval.lift.behaviour import behaviour, coded, shown_entities
from eval.lift.built import KNOWN, FeatureBuilder
from eval.lift.group_worth import Columns, GroupRows
from intent.features.definitions.definitions import Definitions, Feature
from intent.model.errors import OperatorError
from intent.ranking.impression_log import read_impressions, write_requests

AT, USER, POSITION = "event_timestamp", "user_id", "position"


def rows_of_log(
    folder: Path, definitions: Definitions, names: Sequence[str], target: str, scratch: Path
) -> GroupRows:
    """Build features of a log's impressions. Clicks are predicted of all of them, orders of those
    that were clicked; the base is who clicked and ordered what before.

    Args:
        target: ``click`` or ``order``.
        scratch: folder for what comes and goes.

    Raises:
        OperatorError: a table or the facts are missing, or the target is another.
    """
    if target not in {"click", "order"}:
        raise OperatorError(f"groups are measured by click or order, not by {target!r}")
    spine, rows = scratch / "spine.parquet", read_impressions(folder)
    write_requests(folder, spine)
    found = shown_entities(spine)
    columns = FeatureBuilder(spine, scratch, definitions).built(folder / "facts", names, KNOWN)
    orders = target == "order"
    chosen = np.flatnonzero(rows.clicked if orders else np.ones(len(rows), dtype=bool))
    return GroupRows(
        rows.served[chosen],
        found["user"][chosen],
        (rows.ordered if orders else rows.clicked)[chosen],
        None if orders else rows.position[chosen],
        behaviour(rows, found)[chosen],
        columns[chosen],
        _features(names, definitions),
    )


def rows_of_file(
    path: Path,
    definitions: Definitions,
    names: Sequence[str],
    target: str,
    base: Sequence[str] = (),
) -> GroupRows:
    """Read a file that ``intent features build`` wrote, with a label; rows whose label is missing
    are left out.

    Args:
        base: other columns of numbers that are known without features. They are named, because
            another label would tell what it must not.

    Raises:
        OperatorError: the file cannot be read, or lacks a column.
    """
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise OperatorError(
            f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}"
        ) from error
    if absent := [
        name for name in (AT, USER, target, *base, *names) if name not in table.column_names
    ]:
        raise OperatorError(
            f"{path} has no column {absent[0]}; build it with that feature set and label"
        )
    table = table.filter(pa.compute.is_valid(table[target])).sort_by(AT)
    return GroupRows(
        table[AT].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy(),
        coded(table[USER]),
        np.asarray(table[target].cast(pa.float64()).to_numpy() > 0),
        table[POSITION].to_numpy() if POSITION in table.column_names else None,
        _matrix(table, base),
        _matrix(table, names),
        _features(names, definitions),
    )


def _matrix(table: pa.Table, names: Sequence[str]) -> Columns:
    # A column of nothing, so that there is something to fit where nothing else is known.
    nothing = np.zeros((len(table), 1), dtype=np.float32)
    columns = [table[name].to_numpy().astype(np.float32) for name in names]
    return np.column_stack(columns) if columns else nothing


def _features(names: Sequence[str], definitions: Definitions) -> list[Feature]:
    return [definitions.feature(name) for name in names]
