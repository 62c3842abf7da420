"""Plans the steps that compute the features of one view: which columns, sums and tables
``sql/view.sql`` is filled with.

A fact counts for a row at ``t`` while ``since <= t < until`` (known and said, and not yet replaced)
and, for a window, while ``t < window_exit``: the first instant whose window begins after it. The
rows of one entity at one time are one *request*. Every fact is handed to the first request that
sees it, and once more to the first one that misses it: replaced, or no longer in the window. What
the requests were handed is then added up, entity by entity, in the order of time. So facts are only
handed on and grouped, and what is sorted and added up is no longer than the spine; facts that no
request sees end at the first step. It is exact also for late and re-decided facts. Distinct users
are merged intervals, handed on the same way; only *last said* of what a later revision takes back,
and sequences, join requests with facts.

Nothing depends on the order in which an engine's threads come along: all that is added up are
integers, and no window orders by what can be equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from intent.features.definitions.definitions import (
    BURST,
    LEAD,
    MESSAGE,
    SECOND,
    SHORT_LONG,
    Definitions,
    Feature,
    FeatureSet,
)
from intent.features.definitions.events import LLM_CODE, MEASURED_CODE, Topics
from intent.features.definitions.file import Window
from intent.features.definitions.told_beside import (
    ANSWER_CODES,
    ANSWER_EDGES,
    GAP_CODE,
    PRICED_CODE,
    SOON_CODES,
)
from intent.features.offline.templates import Step, steps
from intent.model.errors import OperatorError
from intent.store.schema import INTENTS

MEASURED, LLM, PRICED, GAP, SOON = "measured", "llm", "priced", "gap", "soon"
ANSWERS = tuple(f"answer_{edge}" for edge in ANSWER_EDGES)


_NEEDED: Mapping[str, Sequence[tuple[str, str]]] = {
    "count": [("c", "")],
    "expected": [("e", "")],
    "variance": [("v", "")],
    "coverage": [("c", MESSAGE), ("c", MEASURED)],
    "share_llm": [("c", MESSAGE), ("c", LLM)],
    "rate": [("c", ""), ("c", MESSAGE)],
    "share_of_leads": [("c", ""), ("c", LEAD)],
    "priced_share": [("c", PRICED), ("c", LEAD)],
    "price_gap": [("g", GAP), ("c", GAP)],
    "answered_share": [("c", SOON), ("c", LEAD)],
    "answer_seconds": [("c", name) for name in ANSWERS],
}
"""By statistic, kinds and topics of the sums over its window; no topic is the feature's own."""


@dataclass(frozen=True, slots=True, order=True)
class Sum:
    """A sum over a window.

    Attributes:
        kind: ``c`` of messages, ``e`` of their probability p in millionths, ``v`` of p(1-p), ``g``
            of the gaps between prices.
    """

    kind: str
    topic: str
    window: str

    @property
    def name(self) -> str:
        """The column that holds it."""
        return f"{self.kind}_{self.topic}_{self.window}"


@dataclass(frozen=True, slots=True)
class Distinct:
    """Distinct values of a column, of the messages with a topic in a window."""

    name: str
    column: str
    topic: str
    window: Window


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
        dialect: str,
    ) -> None:
        self.view, self._features, self._definitions = view, features, definitions
        self._topics, self._dialect = topics, dialect
        self.bits = topic_bits(topics)
        self.half_lives = {
            life: seconds * SECOND for life, seconds in definitions.half_lives.items()
        }
        self._keys = definitions.views[view].keys
        self.sums = sorted({one for feature in features for one in sums(feature, topics)})
        self.interests = sorted(
            {
                (life, feature.topic)
                for feature in features
                for life in definitions.half_lives
                if fades(feature, life)
            }
        )
        self.distincts = [
            Distinct(
                f"u_{_tail(feature)}",
                definitions.views[view].distinct[feature.what],
                feature.topic,
                definitions.windows[feature.window],
            )
            for feature in features
            if feature.statistic == "distinct"
        ]
        self.sequences = [f.topic for f in features if f.statistic == "sequence_50"]
        self.lasts = sorted(
            {MESSAGE} | {f.topic for f in features if f.statistic == "seconds_since_last"}
        )
        self._values_read = [
            "event",
            "mask",
            *sorted({f"p_{one.topic}" for one in self.sums if one.kind in "ev"}),
            *sorted({"price_gap" for one in self.sums if one.kind == "g"}),
        ]
        others = {distinct.column for distinct in self.distincts}
        others |= {"item_id", "message_id"} if self.sequences else set()
        self._columns = [*self._values_read, *sorted(others)]

    @property
    def columns(self) -> set[str]:
        """Columns of the facts that the steps read, beside since, until and stays."""
        return {*self._keys, *self._columns}

    @property
    def windows(self) -> dict[str, Window]:
        """Windows of the sums and distincts, by name."""
        names = {one.window for one in self.sums}
        return {
            name: window
            for name, window in self._definitions.windows.items()
            if name in names or any(one.window is window for one in self.distincts)
        }

    def steps(self) -> Iterator[Step]:
        """Yield the steps in order, of an engine that adds up by SQL."""
        return steps("view", **self._values())

    def steps_here(self) -> Iterator[Step]:
        """Yield the steps where arrays add up: before the last, table ``{view}_known`` becomes
        ``{view}_sums`` (:mod:`intent.features.offline.added_here`).
        """
        return steps("here", **self._values())

    def bits_of(self, topics: Iterable[str]) -> int:
        """Return the bits of any of the topics; some share theirs, as soon answers do with those of
        each class of time.
        """
        return reduce(or_, (self.bits[topic] for topic in topics), 0)

    def _values(self) -> dict[str, Any]:
        lives = list(dict.fromkeys(life for life, _ in self.interests))
        return {
            "dialect": self._dialect,
            "view": self.view,
            "keys": list(self._keys),
            "columns": self._columns,
            "values": self._values_read,
            "sums": self.sums,
            "windows": {
                name: self._definitions.windows[name]
                for name in sorted({one.window for one in self.sums})
            },
            "lives": lives,
            "interests": self.interests,
            "topics_of": {
                life: [t for name, t in self.interests if name == life] for life in lives
            },
            "half_lives": self.half_lives,
            "distincts": self.distincts,
            "sequences": self.sequences,
            "lasts": self.lasts,
            "asked": self.bits_of(self.lasts),
            "bits": self.bits,
            "members": {
                group: [intent for intent in INTENTS if intent in members]
                for group, members in self._topics.groups.items()
            },
            "features": self._features,
            "tails": {feature.name: _tail(feature) for feature in self._features},
            "time_to_live": self._definitions.time_to_live,
            "answers": ANSWERS,
            "edges": list(ANSWER_EDGES),
            "priors": {name: one.prior for name, one in self._definitions.statistics.items()},
            "times": self._definitions.windows[BURST[1]].seconds
            // self._definitions.windows[BURST[0]].seconds,
        }


def topic_bits(topics: Topics) -> dict[str, int]:
    """Return the value of every topic's bit in a mask, with *measured* and *llm* and what is told
    beside; of answers within five minutes the bits of all their classes.
    """
    codes = {**topics.code, MEASURED: MEASURED_CODE, LLM: LLM_CODE}
    codes |= {PRICED: PRICED_CODE, GAP: GAP_CODE}
    codes |= dict(zip(ANSWERS, ANSWER_CODES, strict=True))
    bits = {topic: 1 << code for topic, code in codes.items()}
    return {**bits, SOON: sum(1 << code for code in SOON_CODES)}


def sums(feature: Feature, topics: Topics) -> Iterable[Sum]:
    """Return which sums over its window a feature needs."""
    if feature.statistic == "burst":
        return [Sum("c", feature.topic, window) for window in BURST]
    if feature.statistic == "tags":
        members = topics.groups[feature.topic]
        return [Sum("c", name, feature.window) for name in INTENTS if name in members]
    needed = _NEEDED.get(feature.statistic, ())
    return [Sum(kind, topic or feature.topic, feature.window) for kind, topic in needed]


def fades(feature: Feature, half_life: str) -> bool:
    """Whether a feature needs the decayed count of a half-life."""
    if feature.statistic == "short_minus_long":
        return half_life in SHORT_LONG
    return feature.statistic == "decayed" and feature.window == half_life


def _tail(feature: Feature) -> str:
    """Return a feature's name without its view."""
    return feature.name.split("__", 1)[1]


def require_rows(written: int, rows: int) -> None:
    """Do nothing if as many rows came out as the spine has.

    Raises:
        OperatorError: there are fewer or more.
    """
    if written != rows:
        raise OperatorError(
            f"{written:,} rows came out for the {rows:,} of the spine, so none may be used; please "
            "report this defect with the spine"
        )


def views(
    feature_set: FeatureSet, definitions: Definitions, topics: Topics, dialect: str
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
