"""The plain way that is hard to beat: training rows by pandas, with running sums and as-of joins in
place of range joins.

Every sum is added up once over the facts of an entity, in the order in which they were known, and
once more in the order in which they leave a window; a request takes the last of both. A value
counts as distinct until its next message takes its place. It is right where messages were decided
once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from intent.features.definitions.definitions import (
    MESSAGE,
    SECOND,
    SHORT_LONG,
    Definitions,
    Feature,
    FeatureSet,
)
from intent.features.definitions.events import ENTITIES, Topics
from intent.features.definitions.status import FADED, Status
from intent.features.offline.history import MARGIN
from intent.features.offline.plan import LLM, MEASURED, Sum, fades, sums, topic_bits
from intent.features.offline.templates import BLOCK
from intent.store.schema import MILLION

Numbers = Any
"""A numpy array; pandas has no types of its own."""


@dataclass(frozen=True, slots=True)
class _View:
    """One entity's facts, in the order in which they were known, and requests, in that of time."""

    definitions: Definitions
    bits: dict[str, int]
    facts: pd.DataFrame
    requests: pd.DataFrame

    def has(self, topic: str) -> Numbers:
        return (self.facts["mask"].to_numpy() & self.bits[topic]) != 0

    def ends(self, window: str) -> Numbers:
        """When each fact leaves a window, or was known if that was later."""
        chosen = self.definitions.windows[window]
        tile, event = chosen.tile * SECOND, self.facts["event"].to_numpy()
        left = event // tile * tile + tile + chosen.seconds * SECOND
        return np.maximum(left, self.facts["since"].to_numpy())


def pandas_rows(
    spine: Path,
    facts: Path,
    out: Path,
    feature_set: FeatureSet,
    definitions: Definitions,
    *,
    together: bool,
) -> None:
    """Write the spine with the features of a set, as ``features build`` does, without statuses and
    without a time to live.

    Args:
        together: features of an entity share joins and sums; else each is made on its own, as it
            is first written.
    """
    asked = pd.read_parquet(spine)
    asked["at"] = asked["event_timestamp"].astype("int64")
    if asked["event_timestamp"].dt.unit == "ns":
        asked["at"] //= 1000
    topics = Topics(definitions.groups)
    needed = [one for f in feature_set.features for one in sums(f, topics) if one.kind != "c"]
    columns = {f"p_{one.topic}" for one in needed}
    keys = {key for view in feature_set.views for key in ENTITIES[view]} | {"user_id", "room_id"}
    known = pd.read_parquet(facts, columns=[*sorted(keys), "event", "known", "mask", *columns])
    known["since"] = np.maximum(known["event"], known["known"] + MARGIN) + 1
    known = known.sort_values("since", kind="stable", ignore_index=True)
    order = asked.sort_values("at", kind="stable").index
    for name in feature_set.views:
        view = _keyed(name, known, asked.loc[order], definitions, topics)
        chosen = [feature for feature in feature_set.features if feature.view == name]
        for some in [chosen] if together else [[feature] for feature in chosen]:
            for feature, values in _features(view, some, topics):
                asked.loc[order, feature] = values
    asked.drop(columns="at").to_parquet(out)


def _keyed(
    name: str, known: pd.DataFrame, asked: pd.DataFrame, definitions: Definitions, topics: Topics
) -> _View:
    keys = list(ENTITIES[name])
    numbered = asked[keys].drop_duplicates().assign(k=lambda frame: range(len(frame)))
    facts = known.merge(numbered, on=keys)
    requests = asked[[*keys, "at"]].merge(numbered, on=keys, how="left")[["k", "at"]]
    return _View(definitions, topic_bits(topics), facts, requests)


def _features(
    view: _View, chosen: Sequence[Feature], topics: Topics
) -> Iterator[tuple[str, Numbers]]:
    needed = sorted({one for feature in chosen for one in sums(feature, topics)})
    found = dict(_windows(view, needed))
    lives = {
        (life, feature.topic)
        for feature in chosen
        for life in view.definitions.half_lives
        if fades(feature, life)
    }
    decayed = {one: _decayed(view, *one) for one in sorted(lives)}
    for feature in chosen:
        yield feature.name, _value(view, feature, found, decayed)


def _joined(
    requests: pd.DataFrame, facts: pd.DataFrame, values: dict[str, Numbers], by: list[str]
) -> pd.DataFrame:
    """Return the running sums of values as of each request; each fact counts from its ``at`` on."""
    frame = facts[[*by, "at"]].assign(**values).sort_values("at", kind="stable")
    names = list(values)
    frame[names] = frame.groupby(by)[names].cumsum()
    found = pd.merge_asof(requests[[*by, "at"]], frame, on="at", by=by)
    return found[names].fillna(0)


def _windows(view: _View, needed: Sequence[Sum]) -> Iterator[tuple[str, Numbers]]:
    """What entered, less what left: a topic enters all its windows at once."""
    values = {f"{one.kind}_{one.topic}": _added(view, one) for one in needed}
    if not values:
        return
    facts = view.facts[["k"]]
    entered = _joined(view.requests, facts.assign(at=view.facts["since"]), values, ["k"])
    for window in sorted({one.window for one in needed}):
        names = [f"{one.kind}_{one.topic}" for one in needed if one.window == window]
        mine = {name: values[name] for name in names}
        left = _joined(view.requests, facts.assign(at=view.ends(window)), mine, ["k"])
        for name in names:
            yield f"{name}_{window}", (entered[name] - left[name]).to_numpy()


def _added(view: _View, one: Sum) -> Numbers:
    if one.kind == "c":
        return view.has(one.topic).astype(np.int64)
    p = view.facts[f"p_{one.topic}"].to_numpy(dtype=np.int64)
    return p if one.kind == "e" else p * (MILLION - p)


def _decayed(view: _View, life: str, topic: str) -> Numbers:
    """Weights as of the begin of a block of time, of the request's block and of the one before."""
    half = view.definitions.half_lives[life] * SECOND
    size = BLOCK * half
    mine = view.facts[view.has(topic)]
    event, at = mine["event"].to_numpy(), view.requests["at"].to_numpy()
    weights = {"weight": 2.0 ** ((event % size) / half)}
    facts = mine[["k"]].assign(at=mine["since"], block=event // size)
    total = np.zeros(len(at))
    for back in (0, 1):
        requests = view.requests.assign(block=at // size - back)
        found = _joined(requests, facts, weights, ["k", "block"])["weight"].to_numpy()
        total += found * 2.0 ** -((at % size) / half + back * BLOCK)
    return np.where(total < FADED, 0.0, total)


def _last_said(view: _View, topic: str) -> Numbers:
    """Seconds since the newest message with a topic; missing beyond the time to live."""
    mine = view.facts[view.has(topic)]
    frame = mine[["k", "event"]].assign(at=mine["since"])
    frame["event"] = frame.groupby("k")["event"].cummax()
    found = pd.merge_asof(view.requests, frame, on="at", by="k")
    since = found["at"] - found["event"]
    return (since.where(since <= view.definitions.time_to_live) / SECOND).to_numpy()


def _distinct(view: _View, feature: Feature) -> Numbers:
    """Values that count: each from a message on, until the next one of the same value, or until it
    leaves the window.
    """
    who = view.definitions.views[feature.view].distinct[feature.what]
    mine = view.facts[["k", who, "since"]].assign(ends=view.ends(feature.window))
    mine = mine[view.has(feature.topic)]
    pairs = mine.groupby(["k", who])
    ends = np.minimum(pairs["ends"].cummax(), pairs["since"].shift(-1).fillna(np.inf))
    one = {"n": np.ones(len(mine), dtype=np.int64)}
    entered = _joined(view.requests, mine.assign(at=mine["since"]), one, ["k"])
    left = _joined(view.requests, mine.assign(at=ends.astype(np.int64)), one, ["k"])
    return (entered["n"] - left["n"]).to_numpy()


def _value(
    view: _View,
    feature: Feature,
    found: dict[str, Numbers],
    decayed: dict[tuple[str, str], Numbers],
) -> Numbers:
    """Return a feature of the sums; the statistics of ``ranking_v1``."""
    topic, window = feature.topic, feature.window
    match feature.statistic:
        case "count":
            return found[f"c_{topic}_{window}"]
        case "expected":
            return found[f"e_{topic}_{window}"] / MILLION
        case "variance":
            return found[f"v_{topic}_{window}"] / MILLION**2
        case "coverage" | "share_llm":
            part = MEASURED if feature.statistic == "coverage" else LLM
            whole = found[f"c_{MESSAGE}_{window}"]
            shares: Numbers = found[f"c_{part}_{window}"] / np.where(whole == 0, np.nan, whole)
            return shares
        case "decayed":
            return decayed[window, topic]
        case "short_minus_long":
            short, long = (decayed[life, topic] for life in SHORT_LONG)
            return (short - long / 30) * np.log(2)
        case "seconds_since_last":
            return _last_said(view, topic)
        case "distinct":
            return _distinct(view, feature)
    raise ValueError(f"the plain way does not know {feature.statistic}")


def differing_values(ours: Path, theirs: Path, feature_set: FeatureSet) -> int:
    """Count values in which two builds differ by more than 1e-9, of rows whose entity was seen
    within the time to live, which the plain way does not know.
    """
    found = 0
    one, other = pq.read_table(ours), pq.read_table(theirs)
    for feature in feature_set.features:
        seen = pc.equal(one[f"{feature.view}__status"], Status.PRESENT.word).to_numpy()
        mine, plain = (table[feature.name].to_numpy()[seen] for table in (one, other))
        same = np.isclose(mine, plain, rtol=1e-9, atol=1e-9, equal_nan=True)
        found += int(np.count_nonzero(~same))
    return found
