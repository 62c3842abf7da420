"""The offline computation as SQL steps that DuckDB and Spark both run.

A fact counts for a row at ``t`` while ``since <= t < until`` (known and said, and not yet replaced)
and, for a window, while ``t < leaves``: the first instant whose window begins after it. The rows of
one entity at one time are one *moment*. Every fact is handed to the first moment that sees it, and
once more to the first one that misses it: replaced, or no longer in the window. What the moments
were handed is then added up, entity by entity, in the order of time. So facts are only handed on
and grouped, and what is sorted and added up is no longer than the spine; facts that no moment sees
end at the first step. It is exact also for late and re-decided facts. Distinct users are merged
intervals, handed on the same way; only *last said* of what a later revision takes back, and
sequences, join moments with facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from intent.features.definitions.definitions import (
    MESSAGE,
    SECOND,
    Definitions,
    Feature,
    FeatureSet,
)
from intent.features.definitions.events import Topics
from intent.features.definitions.status import SEQUENCE
from intent.features.offline.formulas import (
    added,
    distinct,
    fades,
    floor,
    guarded,
    halved,
    has,
    leaves,
    spoken,
    sums,
)
from intent.model.errors import OperatorError
from intent.store.schema import INTENTS

Handed = Callable[[str, str, str, Sequence[str]], str]
"""(source, by, moments, columns) → SQL for columns of a source (a table, or a query in brackets)
and ``met``, the first moment of the same key ``k`` at or after column ``by``; what meets no moment
is left out.
"""

BLOCK = 100
"""Half-lives in a block: weights of one block stay within 2**100, and what is two blocks away has
faded.
"""

REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where the engines differ: handing on to moments, lists, and what stands for a key of several
    columns.
    """

    handed: Handed
    listed: Callable[[str], str]
    no_list: str
    numbered: Callable[[Sequence[str]], str]


Step = tuple[str, str]
"""(name of the table that is made, SQL that makes it)."""


class ViewPlan:
    """The steps that compute the features of one view for the rows of ``spine``; the last makes
    table ``{view}_features``.
    """

    def __init__(
        self,
        view: str,
        features: Sequence[Feature],
        definitions: Definitions,
        topics: Topics,
        dialect: Dialect,
    ) -> None:
        self._view, self._features, self._definitions, self._topics, self._dialect = (
            view,
            features,
            definitions,
            topics,
            dialect,
        )
        self._keys = definitions.views[view].keys
        self._sums = sorted(
            {(column, feature.window) for feature in features for column in sums(feature, topics)}
        )
        self._leaves = {name: leaves(window) for name, window in definitions.windows.items()}
        self._windows = sorted({window for _, window in self._sums})
        self._interests = sorted(
            {
                (life, feature.topic)
                for feature in features
                for life in definitions.half_lives
                if fades(feature, life)
            }
        )
        self._distincts = [feature for feature in features if feature.statistic == "distinct"]
        self._sequences = [
            feature.topic for feature in features if feature.statistic == "sequence_50"
        ]
        self._lasts = sorted(
            {MESSAGE}
            | {feature.topic for feature in features if feature.statistic == "seconds_since_last"}
        )
        # Every revision is of a message: that one was there at all is never taken back.
        self._passes = [topic for topic in self._lasts if topic != MESSAGE]
        self._values = [
            "event",
            "mask",
            *sorted({f"p_{column[2:]}" for column, _ in self._sums if column[0] in "ev"}),
        ]
        others = {definitions.views[view].distinct[feature.what] for feature in self._distincts}
        self._columns = [
            *self._values,
            *sorted({*others, *(("item_id", "message_id") if self._sequences else ())}),
        ]

    @property
    def columns(self) -> set[str]:
        """Columns of the facts that the steps read, beside since, until and stays."""
        return {*self._keys, *self._columns}

    def steps(self) -> Iterator[Step]:
        """Yield the steps in order."""
        view = self._view
        yield from moment_steps(view, self._keys, self._dialect)
        columns = ["since", "until", "stays", *self._columns]
        known = (
            f"(SELECT e.k, {', '.join(f'f.{column}' for column in columns)} FROM facts f JOIN "
            f"{view}_keys e ON {same(self._keys, 'f')})"
        )
        met = self._dialect.handed(known, "since", f"{view}_moments", ["k", *columns])
        yield f"{view}_facts", f"SELECT * FROM ({met}) WHERE until IS NULL OR met < until"
        for feature in self._distincts:
            yield f"{view}_{distinct(feature)}", self._spans(feature)
        yield f"{view}_entered", self._entered()
        yield f"{view}_left", self._left()
        yield f"{view}_running", self._running()
        for life in dict.fromkeys(life for life, _ in self._interests):
            yield from self._faded(life)
        if self._passes:
            yield f"{view}_passing", self._passing()
        for topic in self._sequences:
            yield f"{view}_sequence_{topic}", self._sequence(topic)
        yield f"{view}_features", self._assembled()

    def _spans(self, feature: Feature) -> str:
        """Merge the times through which one and the same user counts, by one message or another."""
        what, until = (
            self._definitions.views[self._view].distinct[feature.what],
            self._leaves[feature.window],
        )
        spans = f"SELECT k, {what} AS u, met, {_earlier(until)} AS ends FROM {self._view}_facts"
        spans = f"{spans} WHERE met < {until} AND {what} IS NOT NULL AND {self._has(feature.topic)}"
        before = (
            "max(ends) OVER (PARTITION BY k, u ORDER BY met, ends ROWS BETWEEN UNBOUNDED "
            "PRECEDING AND 1 PRECEDING)"
        )
        marked = (
            f"SELECT k, u, met, ends, CASE WHEN met <= {before} THEN 0 ELSE 1 END AS opens "
            f"FROM ({spans})"
        )
        numbered = (
            f"SELECT *, sum(opens) OVER (PARTITION BY k, u ORDER BY met, ends ROWS "
            f"UNBOUNDED PRECEDING) AS island FROM ({marked})"
        )
        return (
            f"SELECT k, min(met) AS moment, max(ends) AS ends FROM ({numbered}) GROUP BY k, u, "
            "island"
        )

    def _entered(self) -> str:
        """Sum what each moment is the first to see; what came too late for a window was never in
        it.
        """
        inside = [f"met < {self._leaves[name]} AS in_{name}" for name in self._windows]
        columns = [
            f"max(CASE WHEN (stays & {1 << self._topics.code[topic]}) <> 0 THEN event END) AS "
            f"l_{topic}"
            for topic in self._lasts
        ]
        columns += [
            _sum(f"in_{window}", added(column, self._topics), f"{column}_{window}")
            for column, window in self._sums
        ]
        columns += [
            _sum(self._has(topic), self._worth(life), f"d{life}_{topic}")
            for life, topic in self._interests
        ]
        facts = f"SELECT {', '.join(['*', *inside])} FROM {self._view}_facts"
        return f"SELECT k, met AS moment, {', '.join(columns)} FROM ({facts}) GROUP BY k, met"

    def _left(self) -> str:
        """Sum what each moment is the first to miss: ``what`` says in which window, or that a later
        revision took its place.
        """
        facts, values = f"{self._view}_facts", ", ".join(self._values)
        nothing = ", ".join(f"CAST(NULL AS BIGINT) AS {value}" for value in self._values)
        parts = [
            f"SELECT k, until AS ends, '{REPLACED}' AS what, {values} FROM {facts} WHERE until IS "
            "NOT NULL"
        ]
        parts += [
            f"SELECT k, {_earlier(self._leaves[name])} AS ends, '{name}' AS what, {values} FROM "
            f"{facts} WHERE met < {self._leaves[name]}"
            for name in self._windows
        ]
        names = [distinct(feature) for feature in self._distincts]
        parts += [
            f"SELECT k, ends, '{name}' AS what, {nothing} FROM {self._view}_{name}"
            for name in names
        ]
        met = self._dialect.handed(
            f"({' UNION ALL '.join(parts)})",
            "ends",
            f"{self._view}_moments",
            ["k", "what", *self._values],
        )
        columns = [
            _sum(f"what = '{window}'", added(column, self._topics), f"{column}_{window}")
            for column, window in self._sums
        ]
        columns += [
            _sum(
                f"what = '{REPLACED}' AND {self._has(topic)}", self._worth(life), f"d{life}_{topic}"
            )
            for life, topic in self._interests
        ]
        columns += [_sum(f"what = '{name}'", "CAST(1 AS DOUBLE)", name) for name in names]
        return f"SELECT {', '.join(['k', 'met AS moment', *columns])} FROM ({met}) GROUP BY k, met"

    def _running(self) -> str:
        """Add up what the moments were handed; what fades is added up later."""
        parts = [("e", f"{self._view}_entered"), ("g", f"{self._view}_left")]
        columns = [f"max(l_{topic}) OVER w AS l_{topic}" for topic in self._lasts]
        for column, window in self._sums:
            columns.append(
                f"sum(coalesce(e.{column}_{window}, 0) - coalesce(g.{column}_{window}, 0)) OVER w "
                f"AS {column}_{window}"
            )
        for life, topic in self._interests:
            columns.append(
                f"coalesce(e.d{life}_{topic}, 0) - coalesce(g.d{life}_{topic}, 0) AS "
                f"d{life}_{topic}"
            )
        for number, name in enumerate(map(distinct, self._distincts)):
            opened = (
                f"(SELECT k, moment, CAST(count(*) AS DOUBLE) AS n FROM {self._view}_{name} "
                "GROUP BY k, moment)"
            )
            parts.append((f"o{number}", opened))
            columns.append(
                f"sum(coalesce(o{number}.n, 0) - coalesce(g.{name}, 0)) OVER w AS {name}"
            )
        window = "WINDOW w AS (PARTITION BY m.k ORDER BY m.moment ROWS UNBOUNDED PRECEDING)"
        return (
            f"SELECT m.k, m.moment, {', '.join(columns)} FROM {self._view}_moments m "
            f"{_with(parts)} {window}"
        )

    def _faded(self, life: str) -> Iterator[Step]:
        """Add up what fades, block by block: within one, what is handed over weighs twice as much
        every half-life.
        """
        half_life = self._definitions.half_lives[life] * SECOND
        size, source = BLOCK * half_life, f"{self._view}_weights_{life}"
        topics = [topic for name, topic in self._interests if name == life]
        block, halvings = (
            floor("moment", size),
            f"CAST(moment - {floor('moment', size)} AS DOUBLE) / {half_life}",
        )
        weights = ", ".join(f"d{life}_{topic} / {halved(halvings)} AS {topic}" for topic in topics)
        yield (
            source,
            f"SELECT k, moment, {block} AS block, {halvings} AS halvings, {weights} FROM "
            f"{self._view}_running",
        )
        running = ", ".join(f"sum({topic}) OVER w AS {topic}" for topic in topics)
        window = "WINDOW w AS (PARTITION BY k, block ORDER BY moment ROWS UNBOUNDED PRECEDING)"
        before = (
            f"SELECT k, block + {size} AS block, "
            f"{', '.join(f'sum({topic}) AS {topic}' for topic in topics)} FROM {source} "
            "GROUP BY k, block"
        )
        here, there = halved("halvings"), halved(f"halvings + {BLOCK}")
        faded = ", ".join(
            f"r.{topic} * {here} + coalesce(b.{topic}, 0) * {there} AS d{life}_{topic}"
            for topic in topics
        )
        joined = (
            f"(SELECT k, moment, block, halvings, {running} FROM {source} {window}) r LEFT "
            f"JOIN ({before}) b ON b.k = r.k AND b.block = r.block"
        )
        yield f"{self._view}_faded_{life}", f"SELECT r.k, r.moment, {faded} FROM {joined}"

    def _passing(self) -> str:
        """Find what was last said by facts that a later revision takes back, among the few that a
        moment saw and whose topic was lost.
        """
        passing = {
            topic: f"{self._has(topic, 'f.mask')} AND NOT {self._has(topic, 'f.stays')}"
            for topic in self._passes
        }
        events = ", ".join(
            f"max(CASE WHEN {lost} THEN f.event END) AS t_{topic}"
            for topic, lost in passing.items()
        )
        bits = f"CAST({sum(1 << self._topics.code[topic] for topic in self._passes)} AS BIGINT)"
        lost = f"SELECT * FROM {self._view}_facts WHERE (mask & {bits}) <> (stays & {bits})"
        seen = "f.k = m.k AND f.met <= m.moment AND m.moment < f.until"
        return (
            f"SELECT m.k, m.moment, {events} FROM {self._view}_moments m JOIN ({lost}) f ON "
            f"{seen} GROUP BY m.k, m.moment"
        )

    def _sequence(self, topic: str) -> str:
        members = [intent for intent in INTENTS if intent in self._topics.groups[topic]]
        listed = " UNION ALL ".join(
            f"SELECT k, met, until, event, message_id, item_id, '{intent}' AS intent, "
            f"{self._topics.code[intent]} AS code"
            f" FROM {self._view}_facts WHERE {self._has(intent)}"
            for intent in members
        )
        ranked = (
            "SELECT m.k, m.moment, f.intent, f.item_id, f.event,"
            " row_number() OVER (PARTITION BY m.k, m.moment ORDER BY f.event DESC, f.message_id, "
            "f.code) AS n"
            f" FROM {self._view}_moments m JOIN ({listed}) f ON f.k = m.k AND f.met <= m.moment "
            "AND (f.until IS NULL OR m.moment < f.until)"
            f" AND f.event >= m.moment - {self._definitions.time_to_live}"
        )
        return self._dialect.listed(f"SELECT * FROM ({ranked}) WHERE n <= {SEQUENCE}").replace(
            "LISTED", f"q_{topic}"
        )

    def _assembled(self) -> str:
        """Make features of the sums of each moment, and give them to its rows."""
        view, last, living = (
            self._view,
            spoken(MESSAGE),
            f"moment - {self._definitions.time_to_live}",
        )
        status = (
            f"CASE WHEN {last} IS NULL THEN 'never_seen' WHEN {last} < {living} THEN "
            "'expired' ELSE 'seen' END AS status"
        )
        lives = dict.fromkeys(life for life, _ in self._interests)
        parts = [(f"f{life}", f"{view}_faded_{life}") for life in lives]
        parts += [("t", f"{view}_passing")] if self._passes else []
        parts += [
            (f"q{number}", f"{view}_sequence_{topic}")
            for number, topic in enumerate(self._sequences)
        ]
        columns = [f"l_{topic}" for topic in self._lasts] + [
            f"{column}_{window}" for column, window in self._sums
        ]
        columns += [f"f{life}.d{life}_{topic}" for life, topic in self._interests] + [
            distinct(feature) for feature in self._distincts
        ]
        columns += [f"t_{topic}" for topic in self._passes] + [
            f"q_{topic}" for topic in self._sequences
        ]
        inner = f"SELECT m.k, m.moment, {', '.join(columns)} FROM {view}_running m {_with(parts)}"
        values = [
            f"{guarded(feature, self._definitions, self._topics, self._dialect.no_list)} AS "
            f"{feature.name}"
            for feature in self._features
        ]
        valued = (
            f"SELECT k, moment, status AS {view}__status, {', '.join(values)} FROM (SELECT "
            f"*, {status} FROM ({inner}))"
        )
        names = ", ".join((f"{view}__status", *(feature.name for feature in self._features)))
        return (
            f"SELECT r._row, {names} FROM {view}_rows r JOIN ({valued}) v ON v.k = r.k AND "
            "v.moment = r.moment"
        )

    def _worth(self, life: str) -> str:
        return halved(
            f"CAST(met - event AS DOUBLE) / {self._definitions.half_lives[life] * SECOND}"
        )

    def _has(self, topic: str, mask: str = "mask") -> str:
        return has(self._topics, topic, mask)


def moment_steps(name: str, keys: Sequence[str], dialect: Dialect) -> Iterator[Step]:
    """Yield the steps that make ``{name}_keys`` (numbered ``k``), ``{name}_rows`` (``_row``, ``k``,
    ``moment``) and ``{name}_moments``.
    """
    columns = ", ".join(keys)
    yield (
        f"{name}_keys",
        f"SELECT {columns}, {dialect.numbered(keys)} AS k FROM (SELECT DISTINCT {columns} FROM "
        "spine)",
    )
    yield (
        f"{name}_rows",
        f"SELECT s._row, e.k, s._at AS moment FROM spine s JOIN {name}_keys e ON {same(keys, 's')}",
    )
    yield f"{name}_moments", f"SELECT DISTINCT k, moment FROM {name}_rows"


def same(keys: Sequence[str], table: str) -> str:
    """Return *a table has the key of* ``e``."""
    return " AND ".join(f"{table}.{key} = e.{key}" for key in keys)


def require_rows(written: int, rows: int) -> None:
    """Do nothing if as many rows were written as the spine has.

    Raises:
        OperatorError: there are fewer or more.
    """
    if written != rows:
        raise OperatorError(
            f"{written:,} rows came out for the {rows:,} of the spine, so none may be used; please "
            "report this defect with the spine"
        )


def _with(parts: Sequence[tuple[str, str]]) -> str:
    return " ".join(
        f"LEFT JOIN {table} {name} ON {name}.k = m.k AND {name}.moment = m.moment"
        for name, table in parts
    )


def _sum(condition: str, value: str, name: str) -> str:
    return f"sum(CASE WHEN {condition} THEN {value} ELSE CAST(0 AS DOUBLE) END) AS {name}"


def _earlier(leaves: str) -> str:
    return f"least(coalesce(until, {leaves}), {leaves})"


def views(
    feature_set: FeatureSet, definitions: Definitions, topics: Topics, dialect: Dialect
) -> Iterator[ViewPlan]:
    """Yield one plan for each view of a feature set."""
    for view in feature_set.views:
        yield ViewPlan(
            view,
            [feature for feature in feature_set.features if feature.view == view],
            definitions,
            topics,
            dialect,
        )
