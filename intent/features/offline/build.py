"""Builds training rows: for every row of a spine, in order, the features as they were known at its
time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from intent.features.definitions.definitions import SECOND, Definitions, FeatureSet
from intent.features.definitions.events import ENTITIES, Topics
from intent.features.offline.facts import fact_columns
from intent.features.offline.history import History, facts_steps
from intent.features.offline.labels import Label, label_steps
from intent.features.offline.plan import Dialect, Step, views
from intent.features.offline.spine import Spine, checked_spine, refuse_rows
from intent.model.errors import OperatorError

LATE = 3600 * SECOND
"""A message that was decided so many microseconds after it was said counts as late in the report.
"""


class Engine(AbstractContextManager["Engine"], Protocol):
    """Runs SQL steps: DuckDB here, Spark on a cluster."""

    name: str
    dialect: Dialect

    def load_spine(self, spine: Spine) -> None:
        """Make table ``spine``: all its columns, ``_row``, which grows in the file's order, and
        ``_at`` in microseconds, rounded down.
        """

    def load_facts(self, folder: Path, columns: Sequence[str]) -> None:
        """Make table ``exported`` of the Parquet files under a folder's ``date=…``."""

    def step(self, name: str, sql: str) -> None:
        """Make a table."""

    def row(self, sql: str) -> tuple[Any, ...] | None:
        """Return the first row."""

    def write(self, sql: str, path: Path, rows: int) -> None:
        """Write the rows in their order as Parquet.

        Raises:
            OperatorError: there are not so many rows.
        """


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What was built.

    Attributes:
        messages: messages among the facts that were said before the spine's last row.
        left_out: of these, those that no row may see, because they were decided later than the
            spine's last row.
        late: of these, those that were decided more than an hour after they were said.
        seconds: how long it took.
    """

    rows: int
    features: int
    messages: int
    left_out: int
    late: int
    seconds: float


def build(
    engine: Engine,
    feature_set: FeatureSet,
    definitions: Definitions,
    *,
    spine: Path,
    facts: Path,
    out: Path,
    history: History,
    labels: Sequence[Label] = (),
    progress: Callable[[str], None] = lambda step: None,
) -> BuildReport:
    """Write one row for each row of the spine, in order, with all its columns, the features, and a
    status for each view.

    Args:
        spine: a Parquet file with event_timestamp (with time zone) and the key columns of the set's
            views, which are text.
        facts: folder that `intent features export` wrote.
        labels: what to count forward from each row's time; by the newest revisions, whenever they
            came.

    Raises:
        OperatorError: the spine is not as it must be (:mod:`intent.features.offline.spine`), two
            columns would have one name, there are no facts, or no folder to write to.
    """
    started = time.monotonic()
    topics = Topics(definitions.groups)
    keys = dict.fromkeys(
        key
        for view in (*feature_set.views, *(label.view for label in labels))
        for key in ENTITIES[view]
    )
    added = [
        *feature_set.names,
        *(f"{view}__status" for view in feature_set.views),
        *(label.name for label in labels),
    ]
    checked = checked_spine(spine, list(keys), added)
    _check_folders(facts, out)
    engine.load_spine(checked)
    refuse_rows(engine.row, list(keys))
    engine.load_facts(facts, fact_columns(topics))
    plans = list(views(feature_set, definitions, topics, engine.dialect))
    steps: list[Step] = [
        *facts_steps(history, {*keys, *(column for plan in plans for column in plan.columns)})
    ]
    for plan in plans:
        steps += plan.steps()
    for number, label in enumerate(labels):
        steps += label_steps(number, label, definitions, topics, engine.dialect)
    for name, sql in steps:
        progress(name)
        engine.step(name, sql)
    progress("writing")
    rows = engine.row("SELECT count(*) FROM spine") or (0,)
    engine.write(_joined(checked.columns, feature_set, labels), out, rows[0])
    return _report(engine, feature_set, time.monotonic() - started)


def _check_folders(facts: Path, out: Path) -> None:
    if not any(facts.glob("date=*/*.parquet")):
        raise OperatorError(
            f"there are no facts in {facts}; write them with: intent features export {facts}"
        )
    if not out.parent.is_dir():
        raise OperatorError(
            f"there is no folder {out.parent} to write {out.name} to; make it, or name another "
            "output"
        )


def _joined(columns: Sequence[str], feature_set: FeatureSet, labels: Sequence[Label]) -> str:
    names = [
        *(f's."{column}"' for column in columns),
        *feature_set.names,
        *(f"{view}__status" for view in feature_set.views),
    ]
    names += [
        f'coalesce(label_{number}.n, 0) AS "{label.name}"' for number, label in enumerate(labels)
    ]
    tables = [
        f"JOIN {view}_features ON {view}_features._row = s._row" for view in feature_set.views
    ]
    tables += [
        f"LEFT JOIN label_{number} ON label_{number}._row = s._row"
        for number, _ in enumerate(labels)
    ]
    return f"SELECT {', '.join(names)} FROM spine s {' '.join(tables)} ORDER BY s._row"


def _report(engine: Engine, feature_set: FeatureSet, seconds: float) -> BuildReport:
    rows = engine.row("SELECT count(*), max(_at) FROM spine") or (0, None)
    last = rows[1] if rows[1] is not None else 0
    left_out = f"CASE WHEN since > {last} THEN first ELSE 0 END"
    late = f"CASE WHEN since - event > {LATE} THEN first ELSE 0 END"
    sums = f"coalesce(sum(first), 0), coalesce(sum({left_out}), 0), coalesce(sum({late}), 0)"
    counts = engine.row(f"SELECT {sums} FROM facts WHERE event < {last}") or (0, 0, 0)
    return BuildReport(
        int(rows[0]),
        len(feature_set.features),
        int(counts[0]),
        int(counts[1]),
        int(counts[2]),
        seconds,
    )
