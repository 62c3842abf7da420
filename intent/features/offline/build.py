"""Builds training rows: for every row of a spine, in order, the features as they were known at its
time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from intent.features.definitions.definitions import SECOND, Definitions, FeatureSet
from intent.features.definitions.events import ENTITIES, Topics
from intent.features.definitions.told_beside import TOLD_COLUMNS, TOLD_STATISTICS
from intent.features.offline.added_here import add_up_here
from intent.features.offline.converted import KnownConversions, LabelMaturity
from intent.features.offline.facts import CATEGORY, FOR_PEOPLE, fact_columns, require_facts
from intent.features.offline.history import KnownHistory, facts_steps
from intent.features.offline.labels import TrainingLabel, label_steps
from intent.features.offline.plan import require_rows, views
from intent.features.offline.spine import checked_spine, refuse_rows
from intent.features.offline.templates import Step, steps
from intent.model.errors import OperatorError
from intent.ports.features import Engine


@dataclass(frozen=True, slots=True)
class Match:
    """How many rows of the spine had the whole key of a view, and how many of these keys were ever
    seen among the facts by the row's time.
    """

    keyed: int
    seen: int

    @property
    def rate(self) -> float | None:
        """Share of rows with a key that were seen, 0 to 1; None where no row has one."""
        return self.seen / self.keyed if self.keyed else None


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What was built.

    Attributes:
        matched: by view, how many rows of the spine found their entity.
        unlabelled: by label, rows whose label is missing: their window ends after the facts do, or
            they lack a part of the key.
        messages: messages among the facts that were said before the spine's last row.
        left_out: of these, those that no row may see, because they were decided later than the
            spine's last row.
        late: of these, those that were decided more than an hour after they were said.
        maturity: by label that counts conversions, how far these were known.
        seconds: how long it took.
    """

    rows: int
    features: int
    matched: Mapping[str, Match]
    unlabelled: Mapping[str, int]
    messages: int
    left_out: int
    late: int
    seconds: float
    maturity: Mapping[str, LabelMaturity] = field(default_factory=dict)

    def poorly_matched(self, least: float) -> list[str]:
        """Return the views of which a smaller share of rows than ``least`` found their entity."""
        rates = {view: match.rate for view, match in self.matched.items()}
        return [view for view, rate in rates.items() if rate is not None and rate < least]


def build(
    engine: Engine,
    feature_set: FeatureSet,
    definitions: Definitions,
    *,
    spine: Path,
    facts: Path,
    out: Path,
    history: KnownHistory,
    labels: Sequence[TrainingLabel] = (),
    conversions: KnownConversions | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> BuildReport:
    """Write one row for each row of the spine, in order, with all its columns, the features, and a
    status for each view.

    Args:
        spine: a Parquet file, or a folder of them, with event_timestamp (with time zone) and the
            key columns of the set's views, which are text. A row that lacks a part of a key has no
            such entity: ``never_seen``.
        facts: folder that `intent features export` wrote.
        labels: what to count forward from each row's time; messages by the newest revisions,
            whenever they came, conversions as they were known.
        conversions: what those labels count that count conversions.

    Raises:
        OperatorError: the spine is not as it must be (:mod:`intent.features.offline.spine`), two
            columns would have one name, there are no facts, or no folder to write to.
    """
    started = time.monotonic()
    topics = Topics(definitions.groups)
    views_read = (*feature_set.views, *(label.view for label in labels))
    keys = list(dict.fromkeys(key for view in views_read for key in ENTITIES[view]))
    added = [
        *feature_set.names,
        *(f"{view}__status" for view in feature_set.views),
        *(label.name for label in labels),
    ]
    checked = checked_spine(spine, keys, added)
    columns = _columns_of_facts(facts, feature_set, keys, topics)
    _require_folder(out)
    engine.load_spine(checked.files, keys)
    refuse_rows(engine.row)
    engine.load_facts(facts, columns)
    if conversions is not None:
        engine.load_conversions(conversions.file)
    plan = _LabelPlan(labels, conversions)
    _compute(engine, feature_set, definitions, topics, keys, history, plan, progress)
    report = _written(engine, feature_set, labels, checked.files, out, started, progress)
    return replace(report, maturity=plan.maturity(engine))


def _columns_of_facts(
    facts: Path, feature_set: FeatureSet, keys: Sequence[str], topics: Topics
) -> list[str]:
    """Return the columns to load; facts of an older form do for features that need no others."""
    told = any(feature.statistic in TOLD_STATISTICS for feature in feature_set.features)
    newer = {*TOLD_COLUMNS, CATEGORY} - {*TOLD_COLUMNS * told, *keys}
    columns = [name for name in fact_columns(topics) if name not in newer]
    require_facts(facts, columns)
    return [name for name in columns if name not in FOR_PEOPLE]


@dataclass(frozen=True, slots=True)
class _LabelPlan:
    """What to count forward, of messages and of conversions."""

    labels: Sequence[TrainingLabel]
    conversions: KnownConversions | None

    def steps(self, engine: Engine, definitions: Definitions, topics: Topics) -> Iterator[Step]:
        if not self.labels:
            return
        # A message of the future ends nothing: of it, only that it was known by then is certain.
        ends = (engine.row("SELECT max(least(event, known)) FROM exported") or (None,))[0]
        for number, label in enumerate(self.labels):
            end = self._known(label).as_of if label.conversion else ends
            sql = "NULL" if end is None else str(end)
            yield from label_steps(number, label, definitions, topics, engine.name, sql)

    def maturity(self, engine: Engine) -> dict[str, LabelMaturity]:
        found = {}
        for label in self.labels:
            if label.conversion:
                known = self._known(label)
                last = known.as_of - label.seconds * SECOND
                young = engine.row(
                    f"SELECT count(*) FROM spine WHERE _at <= {last} "
                    f"AND _at > {last - known.lateness}"
                )
                found[label.name] = LabelMaturity(
                    known.as_of, known.lateness, int((young or (0,))[0])
                )
        return found

    def _known(self, label: TrainingLabel) -> KnownConversions:
        if self.conversions is None:
            raise OperatorError(f"the label {label.name} counts conversions, and none were given")
        return self.conversions


def _require_folder(out: Path) -> None:
    if not out.parent.is_dir():
        raise OperatorError(
            f"there is no folder {out.parent} to write {out.name} to; make it, or name another "
            "output"
        )


def _compute(
    engine: Engine,
    feature_set: FeatureSet,
    definitions: Definitions,
    topics: Topics,
    keys: Sequence[str],
    history: KnownHistory,
    labels: _LabelPlan,
    progress: Callable[[str], None],
) -> None:
    plans = list(views(feature_set, definitions, topics, engine.name))
    asked = {*keys, *(column for plan in plans for column in plan.columns)}
    _make(engine, facts_steps(history, asked), progress)
    for plan in plans:
        if engine.here is not None:
            add_up_here(engine, engine.here, plan, progress)
            continue
        *between, _features = _make(engine, plan.steps(), progress)
        for name in between:  # some are as long as the facts
            engine.drop(name)
    _make(engine, labels.steps(engine, definitions, topics), progress)


def _make(engine: Engine, todo: Iterable[Step], progress: Callable[[str], None]) -> list[str]:
    """Take steps, and return the names of their tables."""
    made = []
    for name, sql in todo:
        progress(name)
        engine.step(name, sql)
        made.append(name)
    return made


def _written(
    engine: Engine,
    feature_set: FeatureSet,
    labels: Sequence[TrainingLabel],
    files: Sequence[Path],
    out: Path,
    started: float,
    progress: Callable[[str], None],
) -> BuildReport:
    """Write the rows, and report what they are; what does not add up is not written."""
    rows, last = engine.row("SELECT count(*), max(_at) FROM spine") or (0, None)
    sql = dict(
        steps(
            "output",
            features=feature_set.features,
            views=feature_set.views,
            labels=labels,
            last=last or 0,
            in_place=engine.here is not None,
        )
    )
    matched = {}
    for view in feature_set.views:
        found, stated, keyed, seen = engine.row(sql[view]) or (0, 0, 0, 0)
        require_rows(min(found, stated), rows)
        matched[view] = Match(int(keyed), int(seen))
    unlabelled = {
        label.name: int((engine.row(sql[f"label_{number}"]) or (0,))[0])
        for number, label in enumerate(labels)
    }
    progress("writing")
    engine.write(sql["columns"], files, out, rows)
    messages, left_out, late = engine.row(sql["report"]) or (0, 0, 0)
    return BuildReport(
        int(rows),
        len(feature_set.features),
        matched,
        unlabelled,
        int(messages),
        int(left_out),
        int(late),
        time.monotonic() - started,
    )
