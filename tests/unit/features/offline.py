"""Random facts as files, spines as files, and what a build makes of them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from intent.features.definitions.definitions import Definitions, FeatureSet
from intent.features.definitions.events import Topics
from intent.features.offline.facts import fact_columns
from intent.model.decision import UNMEASURED
from intent.model.message import AuthorRole
from intent.store.schema import INTENTS
from intent.store.times import from_microseconds, microseconds
from tests.unit.features.brute import NOTHING, SECOND, Brute, Fact, as_known, same
from tests.unit.features.history import DAY, HOUR, TIMES, Verdict, said, verdict

DELAYS = st.one_of(
    st.sampled_from([-HOUR, 0, 1, 5 * SECOND, HOUR, DAY]),
    st.integers(0, 60 * SECOND),
    st.integers(0, 3 * DAY),
)
TAKEN_BACK = Verdict((), (0,) * len(INTENTS), 0, False, False)
"""What the platform says of a message that was taken back; it can come first, and not last."""

revised = st.one_of(verdict, verdict, verdict, st.just(TAKEN_BACK))
revisions = st.lists(st.tuples(revised, DELAYS), min_size=1, max_size=3)
told = st.lists(st.tuples(said, revisions), max_size=14)
row = st.tuples(
    TIMES,
    st.sampled_from(["1", "12", "u/3", "nobody"]),
    st.sampled_from(["23", "3"]),
    st.sampled_from(["r1", "r2"]),
    st.sampled_from(["i1", "i2"]),
    st.sampled_from(["k/1", "k2", None]),
)
rows = st.lists(row, max_size=8).map(lambda found: found + found[:1])

SPINE = pa.schema(
    [
        ("request", pa.int64()),
        ("event_timestamp", pa.timestamp("us", tz="UTC")),
        ("platform", pa.string()),
        ("user_id", pa.string()),
        ("creator_id", pa.string()),
        ("room_id", pa.string()),
        ("item_id", pa.string()),
        ("category_id", pa.string()),
    ]
)


KEYS = len(SPINE.names) - 3
"""Keys of a row of the spine beside its platform."""


def facts_of(story: Sequence[tuple[Any, Sequence[tuple[Any, int]]]]) -> list[Fact]:
    """Return the facts of messages with their revisions; a later revision may be known before an
    earlier one.
    """
    facts = []
    for number, (what, said_so) in enumerate(story):
        parts = {
            "platform": "tiktok",
            "user_id": what.user_id,
            "creator_id": what.creator_id,
            "room_id": what.room_id,
            "item_id": what.item_id,
            "category_id": what.category_id,
        }
        known = what.at
        for revision, (how, delay) in enumerate(said_so):
            known += delay
            p = dict(zip(INTENTS, how.millionths, strict=True))
            facts.append(
                Fact(
                    f"m-{number:03}",
                    revision,
                    what.at,
                    known,
                    parts,
                    frozenset(how.labels),
                    p,
                    how.lead,
                    how.measured,
                    how.llm,
                    viewer=what.author_role is AuthorRole.VIEWER,
                    retracted=how == TAKEN_BACK,
                    stated_price=how.stated_price,
                    price_gap=how.price_gap,
                    answer_seconds=how.answer_seconds,
                )
            )
    return facts


def write_facts(facts: Sequence[Fact], folder: Path, topics: Topics) -> None:
    """Write facts as an export would, all under one date."""
    found = []
    for number, fact in enumerate(facts):
        p = (
            topics.with_groups([fact.probabilities[name] for name in INTENTS], fact.lead)
            if fact.measured and fact.viewer and not fact.retracted
            else (0,) * len(topics.measured)
        )
        labels, llm = json.dumps(sorted(fact.labels)), "llm" if fact.llm else "local"
        decided_by = "platform" if fact.retracted else llm
        role = "viewer" if fact.viewer else "host"
        calibration = "c" if fact.measured else UNMEASURED
        beside = (fact.stated_price, fact.price_gap, fact.answer_seconds)
        mask = topics.row_mask(labels, decided_by, calibration, role, *beside)
        ids = (
            fact.parts["platform"],
            fact.message_id,
            fact.parts["user_id"],
            fact.parts["creator_id"],
            fact.parts["room_id"],
            fact.parts["item_id"],
            fact.parts["category_id"],
        )
        told = (fact.revision, role, decided_by)
        found.append((number, *ids, *told, fact.at, fact.known, mask, *beside, *p))
    names = fact_columns(topics)
    texts = {"platform", "author_role", "decided_by"}
    kinds = [pa.string() if name.endswith("_id") or name in texts else pa.int64() for name in names]
    columns = list(zip(*found, strict=True)) or [()] * len(names)
    home = folder / "date=2026-01-01"
    home.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        pa.table([pa.array(c, k) for c, k in zip(columns, kinds, strict=True)], names=names),
        home / "0.parquet",
    )


def write_spine(found: Sequence[tuple[Any, ...]], path: Path) -> None:
    """Write a spine with a column of its own, request; keys that a row leaves out are missing."""
    listed = [
        (number, from_microseconds(at), "tiktok", *ids, *[None] * (KEYS - len(ids)))
        for number, (at, *ids) in enumerate(found)
    ]
    columns = list(zip(*listed, strict=True)) or [()] * len(SPINE)
    pq.write_table(
        pa.table([pa.array(c, f.type) for c, f in zip(columns, SPINE, strict=True)], schema=SPINE),
        path,
    )


def differences(
    definitions: Definitions,
    feature_set: FeatureSet,
    table: pa.Table,
    facts: Sequence[Fact],
    margin: int,
) -> list[str]:
    """Return a line for every value of a built table that is not what brute force says."""
    brute, found = Brute(definitions), []
    for row in table.to_pylist():
        at = microseconds(row["event_timestamp"].astimezone(UTC))
        known = as_known(facts, at, margin)
        for feature in feature_set.features:
            expected, status = brute.value(feature, row, known, at)
            value = row[feature.name]
            assert not (isinstance(value, float) and math.isnan(value)), "missing is null"
            value = NOTHING if value is None and isinstance(expected, float) else value
            value = [tuple(entry.values()) for entry in value] if isinstance(value, list) else value
            stated = row[f"{feature.view}__status"]
            right = {"zero": "present"}.get(status, status)
            if not same(value, expected) or stated != right:
                found.append(
                    f"{feature.name} of row {row['request']}: {value!r} {stated}, but it is "
                    f"{expected!r} {right}"
                )
    return found


def names_of(definitions: Definitions, topics: Sequence[str]) -> list[str]:
    return [feature.name for feature in definitions.features.values() if feature.topic in topics]
