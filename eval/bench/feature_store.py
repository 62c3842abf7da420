"""The online half of the feature benchmark: a store with many users, reads of candidates, what
state costs, how many bytes it takes.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import sqlalchemy
from sqlalchemy import column, select, table, text

from eval.bench.feature_data import skewed
from eval.bench.feature_filling import (
    ACTIVE_USERS,
    CREATORS,
    ITEMS,
    MESSAGES,
    ROOMS,
    add_users,
    decision,
    fill,
    message,
    new_database,
)
from intent.features.definitions.definitions import Definitions, FeatureSet
from intent.features.online.read import FeatureReader
from intent.features.online.state import SqlFeatureState
from intent.model.decision import Entry
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from intent.store.identities import within

REQUESTS = 120
BILLION = 1e9
PLAIN = table("plain", column("key", sqlalchemy.Text))


@dataclass(frozen=True, slots=True)
class Online:
    """One kind of request, in milliseconds; ``rows`` plain rows by key are as many as the request
    reads entities.

    Attributes:
        cpu, plain_cpu: processor time of a request and of its plain rows, medians; unlike the clock
            they do not depend on what else runs here.
    """

    what: str
    kind: str
    users: int
    candidates: int
    rows: int
    p50: float
    p99: float
    plain_p50: float
    cpu: float
    plain_cpu: float

    @property
    def ratio(self) -> float:
        """How many times the processor time of reading as many plain rows."""
        return self.cpu / self.plain_cpu


@dataclass(frozen=True, slots=True)
class Stored:
    """What state costs: microseconds of processor time a message, their share of the finish
    transaction, and bytes.
    """

    microseconds_a_message: float
    share: float
    user_bytes: float
    pair_bytes: float
    room_bytes: float
    pairs_a_message: float
    sizes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """One hour of a replayed week: decayed counts as read online, and whether the user said
    something since the hour before.
    """

    hour: int
    values: dict[str, float]
    spoke: bool


def measure_store(
    definitions: Definitions, url: str, users: int, say: Callable[[str], None]
) -> tuple[Stored, list[Online]]:
    """Fill an empty store through the worker's own path, add users up to ``users``, and measure."""
    database = new_database(url)
    now = datetime.now(UTC)
    say(f"deciding {MESSAGES:,} messages …")
    total, adding = fill(database, definitions, now - timedelta(days=2))
    stored = _sizes(database, adding / MESSAGES * 1e6, adding / total)
    say(f"adding users up to {users:,} …")
    add_users(database, users)
    say("reading …")
    chosen = definitions.feature_set("ranking_v1")
    # As a server does once it has started, so that collecting garbage does not go through
    # everything that was ever imported.
    gc.collect()
    gc.freeze()
    reads = [
        _measure(database, definitions, chosen, users, candidates, "one user")
        for candidates in (100, 500, 1000, 2000)
    ]
    reads.append(_measure(database, definitions, chosen, users, 500, "many users"))
    gc.unfreeze()
    database.close()
    return stored, reads


def replay_week(definitions: Definitions) -> list[Moment]:
    """Replay a week of one user, and read their interest online every hour."""
    database = new_database("sqlite://")
    state, chance = SqlFeatureState(definitions.groups), np.random.default_rng(3)
    names = ("decayed_30m", "decayed_1d", "decayed_30d")
    chosen = definitions.choose("interest", [f"user__lead__{name}" for name in names])
    reader = FeatureReader(database, definitions)
    begin = datetime(2026, 11, 2, tzinfo=UTC)
    week = []
    for hour in range(7 * 24):
        evening = hour % 24 in (19, 20, 21)
        times = sorted(
            chance.random(chance.poisson(2.5 if evening and hour // 24 in (0, 1, 4) else 0.03))
        )
        entries = [
            Entry(
                message(
                    f"w-{hour}-{n}",
                    "u_1",
                    "r_1",
                    "c_1",
                    None,
                    begin + timedelta(hours=hour + float(part)),
                ),
                decision(("purchase_intent",), None),
            )
            for n, part in enumerate(times)
        ]
        with database.begin() as transaction:
            state.add(transaction, SqlDecisions().save(transaction, entries))
        table = reader.read(
            chosen, {"platform": ["bench"], "user_id": ["u_1"]}, begin + timedelta(hours=hour + 1)
        )
        values = {
            name: float(np.nan_to_num(table.columns[f"user__lead__{name}"][0])) for name in names
        }
        week.append(Moment(hour + 1, values, bool(entries)))
    return week


def _measure(
    database: Database,
    definitions: Definitions,
    chosen: FeatureSet,
    users: int,
    candidates: int,
    kind: str,
) -> Online:
    reader, chance = FeatureReader(database, definitions), np.random.default_rng(13)
    times, plain_times, cpu, plain_cpu, keys = [], [], [], [], []
    for _ in range(REQUESTS):
        rooms, items = skewed(chance, ROOMS, candidates), skewed(chance, ITEMS, candidates)
        who = skewed(chance, ACTIVE_USERS, 1 if kind == "one user" else candidates)
        rows = {
            "platform": ["bench"] * candidates,
            "user_id": [f"u_{n}" for n in who] * (candidates // len(who)),
            "room_id": [f"r_{n}" for n in rooms],
            "creator_id": [f"c_{n % CREATORS}" for n in rooms],
            "item_id": [f"i_{n}" for n in items],
        }
        started, begun = time.perf_counter(), time.process_time()
        reader.read(chosen, rows, datetime.now(UTC))
        times.append((time.perf_counter() - started) * 1000)
        cpu.append((time.process_time() - begun) * 1000)
        wanted = _keys(rows)
        keys.append(len(wanted))
        started, begun = time.perf_counter(), time.process_time()
        with database.read() as connection:
            found = connection.execute(
                select(text("*")).select_from(PLAIN).where(within(connection, PLAIN.c.key, wanted))
            )
            np.array([row[1:] for row in found.all()])
        plain_times.append((time.perf_counter() - started) * 1000)
        plain_cpu.append((time.process_time() - begun) * 1000)
    p50, p99 = np.percentile(times, [50, 99])
    what = f"{kind}, {candidates:,} candidates × {len(chosen.features)} features"
    return Online(
        what,
        kind,
        users,
        candidates,
        round(np.mean(keys)),
        float(p50),
        float(p99),
        *(float(np.median(values)) for values in (plain_times, cpu, plain_cpu)),
    )


def _keys(rows: dict[str, list[str]]) -> list[str]:
    found = {f"user/bench/{user}" for user in rows["user_id"]} | {
        f"user_creator/bench/{u}/{c}"
        for u, c in zip(rows["user_id"], rows["creator_id"], strict=True)
    }
    for entity in ("room", "creator", "item"):
        found |= {f"{entity}/bench/{value}" for value in rows[f"{entity}_id"]}
    return list(found)


def _sizes(database: Database, microseconds: float, share: float) -> Stored:
    def mean(like: str, table: str, columns: str) -> tuple[int, float]:
        query = sqlalchemy.text(
            f"SELECT count(*), coalesce(avg(length(key) + {columns} + 12), 0) FROM {table} WHERE "
            "key LIKE :like"
        )
        rows, size = connection.execute(query, {"like": like}).one()
        return rows, float(size)

    with database.read() as connection:
        _, user = mean("user/%", "feature_counters", "length(state)")
        pairs, pair = mean("user_%/%/%/%", "feature_counters", "length(state)")
        _, room = mean("room/%", "feature_tiles", "length(counts) + length(sums)")
        decided = connection.execute(text("SELECT count(*) FROM decisions")).scalar_one()
    pairs_a_message = pairs / decided
    lines = (
        f"bytes: {user:,.0f} a user, {pair:,.0f} a pair of user and creator, room or item "
        f"({pairs_a_message:.1f} a message here)",
        f"  and {room:,.0f} a room",
        f"100 million users: {100e6 * user / BILLION:,.0f} GB of counters; 50 million messages a "
        "day: 579 a second, "
        f"up to {50e6 * pairs_a_message * pair / BILLION:,.1f} GB of new pairs a day, "
        f"{microseconds * 579 / 1e6:.2f} s of a writer's second",
    )
    return Stored(microseconds, share, user, pair, room, pairs_a_message, lines)
