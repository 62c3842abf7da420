"""Synthetic histories for measuring: skewed users, rooms and creators over sixty days; no text and
nobody real.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from intent.features.definitions.definitions import Definitions
from intent.features.definitions.events import MEASURED_CODE, Topics
from intent.features.offline.facts import fact_columns
from intent.store.schema import INTENTS, MILLION
from intent.store.times import from_microseconds

SECOND = 1_000_000
DAY = 86_400 * SECOND
START = 1_780_000_000 * SECOND
DAYS = 60
USERS, ROOMS, CREATORS, ITEMS, CATEGORIES = 100_000, 5_000, 1_000, 20_000, 50


def skewed(chance: np.random.Generator, many: int, size: int) -> NDArray[np.int64]:
    """Return numbers below ``many``, few of them very often: the busiest hundredth gets about a
    third.
    """
    return np.minimum((many * chance.random(size) ** 4).astype(np.int64), many - 1)


def write_history(folder: Path, size: int, definitions: Definitions, *, again: float = 0.0) -> None:
    """Write facts, decided within seconds; a share of them is decided ``again`` by the LLM within
    ten minutes, to another label.
    """
    topics = Topics(definitions.groups)
    chance = np.random.default_rng(7)
    event = START + np.sort(chance.integers(0, DAYS * DAY, size))
    chosen = chance.choice(len(INTENTS), size, p=[0.05] * 4 + [0.01] * 8 + [0.72])
    p = (chance.beta(0.2, 4.0, (size, len(INTENTS))) * MILLION).astype(np.int64)
    masks = np.array(
        [topics.mask((intent,), measured=True, llm=False) for intent in INTENTS], dtype=np.int64
    )
    lead = p[:, [INTENTS.index(intent) for intent in sorted(topics.groups["lead"])]].max(axis=1)
    hot = p[:, [INTENTS.index(intent) for intent in sorted(topics.groups["hot"])]].max(axis=1)
    numbers = np.arange(size)
    rooms = skewed(chance, ROOMS, size)
    columns = {
        "id": numbers,
        "platform": pa.array(["bench"] * size),
        "message_id": _named("m", numbers),
        "user_id": _named("u", skewed(chance, USERS, size)),
        "creator_id": _named("c", rooms % CREATORS),
        "room_id": _named("r", rooms),
        "item_id": _named("i", skewed(chance, ITEMS, size)),
        "category_id": _named("k", rooms % CREATORS % CATEGORIES),
        "revision": np.zeros(size, dtype=np.int32),
        "author_role": pa.array(["viewer"] * size),
        "decided_by": pa.array(["local"] * size),
        "event": event,
        "known": event + chance.integers(0, 3 * SECOND, size),
        "mask": masks[chosen] | np.int64(1 << MEASURED_CODE),
        "stated_price": pa.nulls(size, pa.int64()),
        "price_gap": pa.nulls(size, pa.int32()),
        "answer_seconds": pa.nulls(size, pa.int32()),
        **{f"p_{intent}": p[:, number] for number, intent in enumerate(INTENTS)},
        "p_lead": lead,
        "p_hot": hot,
    }
    table = pa.table({name: columns[name] for name in fact_columns(topics)})
    _write_by_date(folder, _with_upgrades(table, chance, again, topics) if again else table)


def write_requests(path: Path, size: int) -> None:
    """Write a spine: requests over the second half of the time, as skewed as the facts."""
    chance = np.random.default_rng(11)
    at = START + chance.integers(DAYS // 2 * DAY, DAYS * DAY, size)
    rooms = skewed(chance, ROOMS, size)
    columns = {
        "event_timestamp": pa.array(at, pa.int64()).cast(pa.timestamp("us", tz="UTC")),
        "platform": pa.array(["bench"] * size),
        "user_id": _named("u", skewed(chance, USERS, size)),
        "creator_id": _named("c", rooms % CREATORS),
        "room_id": _named("r", rooms),
        "item_id": _named("i", skewed(chance, ITEMS, size)),
        "category_id": _named("k", rooms % CREATORS % CATEGORIES),
    }
    pq.write_table(pa.table(columns), path)


def _with_upgrades(
    table: pa.Table, chance: np.random.Generator, share: float, topics: Topics
) -> pa.Table:
    upgraded = table.filter(pa.array(chance.random(len(table)) < share))
    size = len(upgraded)
    labels = [
        topics.mask((INTENTS[number],), measured=True, llm=True)
        for number in chance.integers(0, len(INTENTS), size)
    ]
    changed = {
        "revision": np.ones(size, dtype=np.int32),
        "known": upgraded["known"].to_numpy() + chance.integers(1, 600 * SECOND, size),
        "mask": np.array(labels, dtype=np.int64),
        "decided_by": np.array(["llm"] * size),
    }
    for name, values in changed.items():
        upgraded = upgraded.set_column(
            upgraded.schema.get_field_index(name), name, pa.array(values)
        )
    return pa.concat_tables([table, upgraded]).sort_by(
        [("event", "ascending"), ("revision", "ascending")]
    )


def _write_by_date(folder: Path, table: pa.Table) -> None:
    """Write as the export does: one folder a date, sorted by event time."""
    event = table["event"].to_numpy()
    dates, starts = np.unique(event // DAY, return_index=True)
    for date, start, end in zip(
        dates.tolist(), starts.tolist(), [*starts.tolist()[1:], len(event)], strict=True
    ):
        home = folder / f"date={from_microseconds(date * DAY).date().isoformat()}"
        home.mkdir(parents=True)
        pq.write_table(table.slice(start, end - start), home / "facts.parquet", compression="zstd")


def _named(prefix: str, numbers: NDArray[np.int64]) -> pa.Array:
    return pa.array([f"{prefix}_{number}" for number in numbers.tolist()])
