"""The offline computation as SQL steps that DuckDB and Spark both run.

A fact counts for a row at ``t`` while ``since <= t < until`` (known and said, and not yet replaced) and, for a window, while ``t < leaves``: the
first instant whose window begins after it. So a windowed sum at ``t`` is a running sum over ``since`` and ``until`` minus one over the same
instants moved to ``leaves`` where that is later: two as-of joins, exact also for late and re-decided facts. Distinct users are merged intervals,
counted the same way. Only *last seen* under re-decided facts takes a range join, over just these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from intent.features.definitions import MESSAGE, SECOND, Definitions, Feature, FeatureSet
from intent.features.events import LLM_CODE, MEASURED_CODE, Topics
from intent.features.values import FADED, SEQUENCE
from intent.store.schema import INTENTS

AsOf = Callable[[str, str, Sequence[str], Sequence[str]], str]
"""(rows, running, equal columns, columns) → SQL that gives each row ``_row`` the running table's columns as of its ``at``."""

BLOCK = 100
"""Half-lives in a block: weights of one block stay within 2**100, and what is two blocks away has faded."""

MEASURED, LLM = "measured", "llm"
_BITS = {MEASURED: MEASURED_CODE, LLM: LLM_CODE}


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where the engines differ: the as-of join, lists, and what stands for a key of several columns."""

    as_of: AsOf
    listed: Callable[[str], str]
    no_list: str
    numbered: Callable[[Sequence[str]], str]


Step = tuple[str, str]
"""(name of the table that is made, SQL that makes it)."""


class ViewPlan:
    """The steps that compute the features of one view for the rows of ``spine``; the last makes table ``{view}_features``."""

    def __init__(self, view: str, features: Sequence[Feature], definitions: Definitions, topics: Topics, dialect: Dialect) -> None:
        self._view, self._features, self._definitions, self._topics, self._dialect = view, features, definitions, topics, dialect
        self._keys = definitions.views[view].keys
        self._linear = sorted({column for feature in features for column in _linear(feature, topics)})
        self._parts: list[tuple[str, list[str]]] = []

    def steps(self) -> Iterator[Step]:
        """Yield the steps in order."""
        keys = ", ".join(self._keys)
        same = " AND ".join(f"f.{key} = e.{key}" for key in self._keys)
        view = self._view
        yield f"{view}_keys", f"SELECT {keys}, {self._dialect.numbered(self._keys)} AS k FROM (SELECT DISTINCT {keys} FROM spine)"
        on_spine = " AND ".join(f"s.{key} = e.{key}" for key in self._keys)
        yield f"{view}_rows", f"SELECT s._row, e.k, s._at AS moment FROM spine s JOIN {view}_keys e ON {on_spine}"
        yield f"{view}_facts", f"SELECT e.k, f.* FROM facts f JOIN {view}_keys e ON {same}"
        yield from self._sums()
        yield from self._interests()
        yield from self._last()
        yield from self._distincts()
        yield from self._sequences()
        yield f"{view}_features", self._assembled()

    def _sums(self) -> Iterator[Step]:
        if not self._linear:
            return
        view, columns = self._view, self._linear
        expressions = [f"{self._expression(column)} AS {column}" for column in columns]
        yield f"{view}_values", f"SELECT k, event, since, until, {', '.join(expressions)} FROM {view}_facts"
        yield from self._running("all", columns, _deltas(f"{view}_values", columns, "since", "until"), prefix="a_")
        for name, window in self._definitions.windows.items():
            used = sorted({column for feature in self._features if feature.window == name for column in _linear(feature, self._topics)})
            if used:
                leaves = f"({_floor('event', window.tile * SECOND)} + {(window.tile + window.seconds) * SECOND})"
                moved = _deltas(f"{view}_values", used, f"greatest(since, {leaves})", f"greatest(until, {leaves})")
                yield from self._running(name, used, moved, prefix=f"x{name}_")

    def _interests(self) -> Iterator[Step]:
        for name, half_life in self._definitions.half_lives.items():
            topics = sorted({feature.topic for feature in self._features if _decays(feature, name)})
            if not topics:
                continue
            block = BLOCK * half_life * SECOND
            weight = f"pow(CAST(2 AS DOUBLE), CAST(event - {_floor('event', block)} AS DOUBLE) / {half_life * SECOND})"
            columns = [f"c_{topic}" for topic in topics]
            valued = ", ".join(f"CASE WHEN {self._has(topic)} THEN {weight} ELSE 0 END AS c_{topic}" for topic in topics)
            source = f"{self._view}_weights_{name}"
            yield source, f"SELECT k, {_floor('event', block)} AS block, since, until, {valued} FROM {self._view}_facts"
            running = f"{self._view}_decayed_{name}"
            yield running, running_sum(_deltas(source, columns, "since", "until", "k, block"), columns, "k, block")
            for back in (0, 1):
                rows = f"{self._view}_rows_{name}_{back}"
                yield rows, f"SELECT _row, k, moment, {_floor('moment', block)} - {back * block} AS block FROM {self._view}_rows"
                faded = [f"{column} AS d{name}_{back}_{column[2:]}" for column in columns]
                part = f"{self._view}_interest_{name}_{back}"
                yield part, self._dialect.as_of(rows, running, ("k", "block"), faded)
                self._parts.append((part, [f"d{name}_{back}_{topic}" for topic in topics]))

    def _last(self) -> Iterator[Step]:
        topics = sorted({MESSAGE} | {feature.topic for feature in self._features if feature.statistic == "seconds_since_last"})
        stays = {topic: f"(stays & {1 << self._topics.code[topic]}) <> 0" for topic in topics}
        events = ", ".join(f"max(CASE WHEN {stays[topic]} THEN event END) OVER w AS l_{topic}" for topic in topics)
        running = f"{self._view}_newest"
        yield running, f"SELECT k, since AS moment, {events} FROM {self._view}_facts WINDOW w AS (PARTITION BY k ORDER BY since)"
        part = f"{self._view}_last"
        yield part, self._dialect.as_of(f"{self._view}_rows", running, ("k",), [f"l_{topic}" for topic in topics])
        self._parts.append((part, [f"l_{topic}" for topic in topics]))
        passing = {topic: f"{self._has(topic, 'f.mask')} AND (f.stays & {1 << self._topics.code[topic]}) = 0" for topic in topics}
        events = ", ".join(f"max(CASE WHEN {passing[topic]} THEN f.event END) AS t_{topic}" for topic in topics)
        yield (
            f"{self._view}_passing",
            f"SELECT r._row, {events} FROM {self._view}_rows r JOIN {self._view}_facts f ON f.k = r.k AND f.mask <> f.stays"
            " AND f.since <= r.moment AND r.moment < f.until GROUP BY r._row",
        )
        self._parts.append((f"{self._view}_passing", [f"t_{topic}" for topic in topics]))

    def _distincts(self) -> Iterator[Step]:
        for feature in (feature for feature in self._features if feature.statistic == "distinct"):
            name, window = feature.name.split("__", 1)[1], self._definitions.windows[feature.window]
            what = self._definitions.views[self._view].distinct[feature.what]
            leaves = f"({_floor('event', window.tile * SECOND)} + {(window.tile + window.seconds) * SECOND})"
            spans = f"SELECT k, {what} AS u, since AS start, least(coalesce(until, {leaves}), {leaves}) AS stop FROM {self._view}_facts"
            spans = f"SELECT * FROM ({spans} WHERE {what} IS NOT NULL AND {self._has(feature.topic)}) WHERE start < stop"
            before = "max(stop) OVER (PARTITION BY k, u ORDER BY start, stop ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
            marked = f"SELECT k, u, start, stop, CASE WHEN start <= {before} THEN 0 ELSE 1 END AS opens FROM ({spans})"
            numbered = f"SELECT *, sum(opens) OVER (PARTITION BY k, u ORDER BY start, stop ROWS UNBOUNDED PRECEDING) AS island FROM ({marked})"
            islands = f"{self._view}_spans_{name}"
            yield islands, f"SELECT k, min(start) AS since, max(stop) AS until, CAST(1 AS DOUBLE) AS n FROM ({numbered}) GROUP BY k, u, island"
            yield from self._running(name, ["n"], _deltas(islands, ["n"], "since", "until"), prefix=f"u_{name}_")

    def _sequences(self) -> Iterator[Step]:
        for feature in (feature for feature in self._features if feature.statistic == "sequence_50"):
            members = [intent for intent in INTENTS if intent in self._topics.groups[feature.topic]]
            listed = " UNION ALL ".join(
                f"SELECT k, since, until, event, message_id, item_id, '{intent}' AS intent, {self._topics.code[intent]} AS code"
                f" FROM {self._view}_facts WHERE {self._has(intent)}"
                for intent in members
            )
            ranked = (
                "SELECT r._row, f.intent, f.item_id, f.event,"
                " row_number() OVER (PARTITION BY r._row ORDER BY f.event DESC, f.message_id, f.code) AS n"
                f" FROM {self._view}_rows r JOIN ({listed}) f ON f.k = r.k AND f.since <= r.moment AND (f.until IS NULL OR r.moment < f.until)"
                f" AND f.event >= r.moment - {self._definitions.time_to_live}"
            )
            part = f"{self._view}_sequence_{feature.topic}"
            yield part, self._dialect.listed(f"SELECT * FROM ({ranked}) WHERE n <= {SEQUENCE}").replace("LISTED", f"q_{feature.topic}")
            self._parts.append((part, [f"q_{feature.topic}"]))

    def _running(self, name: str, columns: Sequence[str], deltas: str, prefix: str) -> Iterator[Step]:
        running, part = f"{self._view}_running_{name}", f"{self._view}_sum_{name}"
        yield running, running_sum(deltas, columns, "k")
        yield part, self._dialect.as_of(f"{self._view}_rows", running, ("k",), [f"{column} AS {prefix}{column}" for column in columns])
        self._parts.append((part, [f"{prefix}{column}" for column in columns]))

    def _assembled(self) -> str:
        joined = " ".join(f"LEFT JOIN {part} ON {part}._row = r._row" for part, _ in self._parts)
        columns = ", ".join(column for _, names in self._parts for column in names)
        last = f"greatest(coalesce(l_{MESSAGE}, t_{MESSAGE}), coalesce(t_{MESSAGE}, l_{MESSAGE}))"
        status = f"CASE WHEN {last} IS NULL THEN 'never_seen' WHEN {last} < moment - {self._definitions.time_to_live} THEN 'expired' ELSE 'seen' END"
        inner = f"SELECT r._row, r.moment, {columns} FROM {self._view}_rows r {joined}"
        values = ", ".join(f"{self._guarded(feature)} AS {feature.name}" for feature in self._features)
        return f"SELECT _row, status AS {self._view}__status, {values} FROM (SELECT *, {status} AS status FROM ({inner}))"

    def _guarded(self, feature: Feature) -> str:
        empty = "NULL" if feature.statistic in {"tags", "sequence_50"} else "CAST('NaN' AS DOUBLE)"
        return f"CASE WHEN status = 'seen' THEN {self._value(feature)} ELSE {empty} END"

    def _value(self, feature: Feature) -> str:
        topic, window = feature.topic, feature.window
        match feature.statistic:
            case "count":
                return self._windowed(f"c_{topic}", window)
            case "expected":
                return f"{self._windowed(f'e_{topic}', window)} / 1e6"
            case "variance":
                return f"{self._windowed(f'v_{topic}', window)} / 1e12"
            case "distinct":
                return f"coalesce(u_{feature.name.split('__', 1)[1]}_n, 0)"
            case "coverage" | "share_llm":
                part = MEASURED if feature.statistic == "coverage" else LLM
                every = self._windowed(f"c_{MESSAGE}", window)
                return f"CASE WHEN {every} > 0 THEN {self._windowed(f'c_{part}', window)} / {every} ELSE CAST('NaN' AS DOUBLE) END"
            case "decayed":
                return self._decayed(topic, window)
            case "short_minus_long":
                return f"({self._decayed(topic, '1d')} - {self._decayed(topic, '30d')} / 30) * ln(CAST(2 AS DOUBLE))"
            case "seconds_since_last":
                return self._since_last(topic)
            case "tags":
                counts = [(intent, self._windowed(f"c_{intent}", window)) for intent in INTENTS if intent in self._topics.groups[topic]]
                shown = ", ".join(f"CASE WHEN {n} > 0 THEN concat('{intent}:', CAST(CAST({n} AS BIGINT) AS STRING)) END" for intent, n in counts)
                return f"concat_ws('|', {shown})"
            case _:
                return f"coalesce(q_{topic}, {self._dialect.no_list})"

    def _windowed(self, column: str, window: str) -> str:
        return f"(coalesce(a_{column}, 0) - coalesce(x{window}_{column}, 0))"

    def _decayed(self, topic: str, name: str) -> str:
        half_life = self._definitions.half_lives[name] * SECOND
        block = BLOCK * half_life
        gaps = {back: f"CAST({_floor('moment', block)} - {back * block} - moment AS DOUBLE)" for back in (0, 1)}
        parts = [f"coalesce(d{name}_{back}_{topic}, 0) * pow(CAST(2 AS DOUBLE), {gap} / {half_life})" for back, gap in gaps.items()]
        value = f"({' + '.join(parts)})"
        return f"CASE WHEN {value} < {FADED} THEN CAST(0 AS DOUBLE) ELSE {value} END"

    def _since_last(self, topic: str) -> str:
        last = f"greatest(coalesce(l_{topic}, t_{topic}), coalesce(t_{topic}, l_{topic}))"
        seconds = f"CAST(moment - {last} AS DOUBLE) / {SECOND}"
        return f"CASE WHEN {last} >= moment - {self._definitions.time_to_live} THEN {seconds} ELSE CAST('NaN' AS DOUBLE) END"

    def _expression(self, column: str) -> str:
        kind, topic = column.split("_", 1)
        if kind == "c":
            return f"CAST({self._has(topic)} AS DOUBLE)"
        p = f"CAST(p_{topic} AS DOUBLE)"
        return p if kind == "e" else f"{p} * (1000000 - {p})"

    def _has(self, topic: str, mask: str = "mask") -> str:
        return has(self._topics, topic, mask)


def _linear(feature: Feature, topics: Topics) -> Iterable[str]:
    match feature.statistic:
        case "count":
            return (f"c_{feature.topic}",)
        case "expected":
            return (f"e_{feature.topic}",)
        case "variance":
            return (f"v_{feature.topic}",)
        case "coverage":
            return (f"c_{MESSAGE}", f"c_{MEASURED}")
        case "share_llm":
            return (f"c_{MESSAGE}", f"c_{LLM}")
        case "tags":
            return tuple(f"c_{intent}" for intent in INTENTS if intent in topics.groups[feature.topic])
        case _:
            return ()


def _decays(feature: Feature, half_life: str) -> bool:
    if feature.statistic == "short_minus_long":
        return half_life in {"1d", "30d"}
    return feature.statistic == "decayed" and feature.window == half_life


def _deltas(source: str, columns: Sequence[str], since: str, until: str, keys: str = "k") -> str:
    plus, minus = ", ".join(columns), ", ".join(f"-{column} AS {column}" for column in columns)
    ends = f"SELECT {keys}, {until} AS moment, {minus} FROM {source} WHERE until IS NOT NULL"
    return f"SELECT {keys}, {since} AS moment, {plus} FROM {source} UNION ALL {ends}"


def has(topics: Topics, topic: str, mask: str = "mask") -> str:
    """Return SQL that says whether a mask holds a topic."""
    bit = _BITS[topic] if topic in _BITS else topics.code[topic]
    return f"(({mask} & CAST({1 << bit} AS BIGINT)) <> 0)"


def running_sum(deltas: str, columns: Sequence[str], keys: str) -> str:
    """Return SQL for the sums of columns up to every ``at`` there is, by keys."""
    together = ", ".join(f"sum({column}) AS {column}" for column in columns)
    running = ", ".join(f"sum({column}) OVER w AS {column}" for column in columns)
    window = f"WINDOW w AS (PARTITION BY {keys} ORDER BY moment ROWS UNBOUNDED PRECEDING)"
    return f"SELECT {keys}, moment, {running} FROM (SELECT {keys}, moment, {together} FROM ({deltas}) GROUP BY {keys}, moment) {window}"


def _floor(expression: str, size: int) -> str:
    return f"({expression} - (({expression} % {size}) + {size}) % {size})"


def views(feature_set: FeatureSet, definitions: Definitions, topics: Topics, dialect: Dialect) -> Iterator[ViewPlan]:
    """Yield one plan for each view of a feature set."""
    for view in feature_set.views:
        yield ViewPlan(view, [feature for feature in feature_set.features if feature.view == view], definitions, topics, dialect)
