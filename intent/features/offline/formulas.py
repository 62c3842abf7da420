"""SQL of single values: what a fact adds to a sum, and what a feature makes of the sums."""

from __future__ import annotations

from collections.abc import Iterable

from intent.features.definitions.definitions import (
    MESSAGE,
    SECOND,
    SHORT_LONG,
    Definitions,
    Feature,
    Window,
)
from intent.features.definitions.events import LLM_CODE, MEASURED_CODE, Topics
from intent.features.definitions.status import FADED
from intent.store.schema import INTENTS

MEASURED, LLM = "measured", "llm"
_BITS = {MEASURED: MEASURED_CODE, LLM: LLM_CODE}


def sums(feature: Feature, topics: Topics) -> Iterable[str]:
    """Return which sums over its window a feature needs: ``c_`` of messages, ``e_`` of p, ``v_`` of
    p(1-p), by topic.
    """
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
            return tuple(
                f"c_{intent}" for intent in INTENTS if intent in topics.groups[feature.topic]
            )
        case _:
            return ()


def fades(feature: Feature, half_life: str) -> bool:
    """Whether a feature needs the decayed count of a half-life."""
    if feature.statistic == "short_minus_long":
        return half_life in SHORT_LONG
    return feature.statistic == "decayed" and feature.window == half_life


def added(column: str, topics: Topics) -> str:
    """Return what a fact adds to a sum."""
    kind, topic = column.split("_", 1)
    if kind == "c":
        return f"CAST({has(topics, topic)} AS DOUBLE)"
    p = f"CAST(p_{topic} AS DOUBLE)"
    return p if kind == "e" else f"{p} * (1000000 - {p})"


def has(topics: Topics, topic: str, mask: str = "mask") -> str:
    """Return SQL that says whether a mask holds a topic."""
    bit = _BITS[topic] if topic in _BITS else topics.code[topic]
    return f"(({mask} & CAST({1 << bit} AS BIGINT)) <> 0)"


def leaves(window: Window) -> str:
    """Return the first instant whose window begins after a fact's event."""
    return f"({floor('event', window.tile * SECOND)} + {(window.tile + window.seconds) * SECOND})"


def floor(expression: str, size: int) -> str:
    """Return the largest multiple of a size up to an expression, which may be negative."""
    return f"({expression} - (({expression} % {size}) + {size}) % {size})"


def halved(periods: str) -> str:
    """Return what is left of 1 after so many half-lives."""
    return f"pow(CAST(2 AS DOUBLE), -({periods}))"


def spoken(topic: str) -> str:
    """Return when a topic was last said: by what stands for good (``l_``), or by what passes
    (``t_``), as a message itself never does.
    """
    if topic == MESSAGE:
        return f"l_{topic}"
    return f"greatest(coalesce(l_{topic}, t_{topic}), coalesce(t_{topic}, l_{topic}))"


def guarded(feature: Feature, definitions: Definitions, topics: Topics, no_list: str) -> str:
    """Return the SQL of a feature, which has no value where its entity is not ``seen``."""
    empty = "NULL" if feature.statistic in {"tags", "sequence_50"} else "CAST('NaN' AS DOUBLE)"
    return (
        f"CASE WHEN status = 'seen' THEN {_value(feature, definitions, topics, no_list)} ELSE "
        f"{empty} END"
    )


def _value(feature: Feature, definitions: Definitions, topics: Topics, no_list: str) -> str:
    topic, window = feature.topic, feature.window
    match feature.statistic:
        case "count":
            return f"c_{topic}_{window}"
        case "expected":
            return f"e_{topic}_{window} / 1e6"
        case "variance":
            return f"v_{topic}_{window} / 1e12"
        case "distinct":
            return distinct(feature)
        case "coverage" | "share_llm":
            part, every = (
                MEASURED if feature.statistic == "coverage" else LLM,
                f"c_{MESSAGE}_{window}",
            )
            return (
                f"CASE WHEN {every} > 0 THEN c_{part}_{window} / {every} ELSE CAST('NaN' AS "
                "DOUBLE) END"
            )
        case "decayed":
            return _decayed(topic, window)
        case "short_minus_long":
            day, month = (_decayed(topic, life) for life in SHORT_LONG)
            return f"({day} - {month} / 30) * ln(CAST(2 AS DOUBLE))"
        case "seconds_since_last":
            seconds = f"CAST(moment - {spoken(topic)} AS DOUBLE) / {SECOND}"
            return (
                f"CASE WHEN {spoken(topic)} >= moment - {definitions.time_to_live} THEN "
                f"{seconds} ELSE CAST('NaN' AS DOUBLE) END"
            )
        case "tags":
            counts = [
                (intent, f"c_{intent}_{window}")
                for intent in INTENTS
                if intent in topics.groups[topic]
            ]
            shown = ", ".join(
                f"CASE WHEN {n} > 0 THEN concat('{intent}:', CAST(CAST({n} AS BIGINT) AS "
                "STRING)) END"
                for intent, n in counts
            )
            return f"concat_ws('|', {shown})"
        case _:
            return f"coalesce(q_{topic}, {no_list})"


def distinct(feature: Feature) -> str:
    """Return the column of a distinct feature, one for each topic and window."""
    return f"u_{feature.name.split('__', 1)[1]}"


def _decayed(topic: str, half_life: str) -> str:
    value = f"d{half_life}_{topic}"
    return f"CASE WHEN {value} < {FADED} THEN CAST(0 AS DOUBLE) ELSE {value} END"
