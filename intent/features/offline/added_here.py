"""Computes the features of one view where tables are in this process: SQL reads, joins and writes,
arrays add up, as many entities at a time as fit.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from intent.features.offline.handed_facts import HandedFacts
from intent.features.offline.plan import ViewPlan
from intent.features.offline.request_axis import RequestAxis
from intent.ports.features import Engine, TablesHere


def add_up_here(
    engine: Engine, tables: TablesHere, plan: ViewPlan, progress: Callable[[str], None]
) -> None:
    """Make table ``{view}_features`` of one view, in the order of the spine."""
    view = plan.view
    *before, known, last = plan.steps_here()
    for name, sql in before:
        progress(name)
        engine.step(name, sql)
    size = engine.row(f"SELECT (SELECT count(*) FROM facts) + (SELECT count(*) FROM {view}_rows)")
    parts = 1 + (size[0] if size else 0) // tables.at_once
    progress(known.name)
    if parts > 1:
        engine.step(*known)
        known = known._replace(sql=f"SELECT * FROM {known.name}")
    for part in range(parts):
        _add_up(tables, plan, known.sql, part, parts)
    progress(last.name)
    # What was loaded in parts, or joined with sequences, is not in the order of the spine.
    ordered = " ORDER BY _row" if parts > 1 or plan.sequences else ""
    engine.step(last.name, f"{last.sql}{ordered}")
    for name in (*(step.name for step in before), known.name, f"{view}_sums"):
        engine.drop(name)


def _add_up(tables: TablesHere, plan: ViewPlan, known: str, part: int, parts: int) -> None:
    """Make the first part of table ``{view}_sums``, or put one to it; of rows without a key, which
    go with the first, all is null.
    """
    mine = f" WHERE coalesce(k, 0) % {parts} = {part}" if parts > 1 else ""
    rows = tables.read(f"SELECT _row, k, request_time FROM {plan.view}_rows{mine} ORDER BY _row")
    keyed = rows["k"].is_valid()
    asking = rows.filter(keyed)
    axis = RequestAxis(asking["k"].to_numpy(), asking["request_time"].to_numpy())
    facts = HandedFacts(plan, axis, tables.read(f"{known}{mine}"))
    place = np.zeros(len(rows), dtype=np.int64)
    place[keyed.to_numpy()] = axis.of_row
    of_row = pa.array(place, mask=~keyed.to_numpy())
    sums = {name: column.take(of_row) for name, column in facts.columns()}
    table = pa.table({**{name: rows[name] for name in rows.column_names}, **sums})
    tables.load(f"{plan.view}_sums", table, more=part > 0)
