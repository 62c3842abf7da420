"""Fills a store as a worker does: synthetic decisions, and users added by the million."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import text

from eval.bench.feature_data import skewed
from intent.bootstrap.application import migrations_dir
from intent.features.definitions.definitions import Definitions
from intent.features.online.state import SqlFeatureState
from intent.model.decision import DecidedBy, Decision, Entry, Versions
from intent.model.message import Kind, Message
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from intent.store.migrate import migrate
from intent.store.schema import INTENTS

MESSAGES, BATCH = 30_000, 256
ROOMS, CREATORS, ITEMS, ACTIVE_USERS = 2000, 500, 3000, 20_000


def new_database(url: str) -> Database:
    database = Database(url)
    migrate(database, migrations_dir())
    return database


def fill(database: Database, definitions: Definitions, begin: datetime) -> tuple[float, float]:
    """Save synthetic decisions as a worker does; return processor seconds of the transactions, and
    of these the seconds for state.
    """
    state, decisions = SqlFeatureState(definitions.groups), SqlDecisions()
    total = adding = 0.0
    for batch in _batches(begin):
        started = time.process_time()
        with database.begin() as transaction:
            saved = decisions.save(transaction, batch)
            before = time.process_time()
            state.add(transaction, saved)
            adding += time.process_time() - before
        total += time.process_time() - started
    return total, adding


def _batches(begin: datetime) -> Iterator[list[Entry]]:
    chance = np.random.default_rng(5)
    seconds = np.sort(chance.random(MESSAGES)) * 2 * 86_400 - 60
    rooms, users, items = (
        skewed(chance, ROOMS, MESSAGES),
        skewed(chance, ACTIVE_USERS, MESSAGES),
        skewed(chance, ITEMS, MESSAGES),
    )
    labels = chance.choice(len(INTENTS), MESSAGES, p=[0.05] * 4 + [0.01] * 8 + [0.72])
    p = chance.beta(0.2, 4.0, (MESSAGES, len(INTENTS)))
    entries = [
        Entry(
            message(
                f"m_{n}",
                f"u_{users[n]}",
                f"r_{rooms[n]}",
                f"c_{rooms[n] % CREATORS}",
                f"i_{items[n]}",
                begin + timedelta(seconds=float(seconds[n])),
            ),
            decision((INTENTS[labels[n]],), p[n]),
        )
        for n in range(MESSAGES)
    ]
    for start in range(0, MESSAGES, BATCH):
        yield entries[start : start + BATCH]


def message(
    message_id: str, user: str, room: str, creator: str, item: str | None, at: datetime
) -> Message:
    return Message(
        platform="bench",
        message_id=message_id,
        user_id=user,
        room_id=room,
        creator_id=creator,
        item_id=item,
        kind=Kind.COMMENT,
        text="",
        sent_at=at,
    )


def decision(labels: tuple[str, ...], p: np.ndarray | None) -> Decision:
    values = (
        dict.fromkeys(INTENTS, 0.0) if p is None else dict(zip(INTENTS, map(float, p), strict=True))
    )
    versions = Versions("bench", "none", "bench", "bench")
    return Decision(
        values, labels, max(values.values()), labels != ("chatter",), DecidedBy.LOCAL, versions
    )


def add_users(database: Database, users: int) -> None:
    """Give more users the state of those there are, and every key a plain row of 40 numbers to
    compare with.
    """
    many = (
        f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < "
        f"{users - ACTIVE_USERS - 1})"
    )
    some = (
        "SELECT newest, state, row_number() OVER () - 1 AS r FROM (SELECT * FROM "
        "feature_counters WHERE key LIKE 'user/%' LIMIT 1000) u"
    )
    columns = ", ".join(f"f{n} REAL" for n in range(40))
    numbers = ", ".join("0.5" for _ in range(40))
    with database.begin() as transaction:
        filled = (
            f"SELECT 'user/bench/x_' || n.i, s.newest, s.state FROM n JOIN ({some}) s ON s.r "
            "= n.i % 1000"
        )
        transaction.execute(text(f"INSERT INTO feature_counters {many} {filled}"))
        like_ours = " WITHOUT ROWID" if database.dialect == "sqlite" else ""
        transaction.execute(
            text(f"CREATE TABLE plain (key TEXT PRIMARY KEY, {columns}){like_ours}")
        )
        transaction.execute(text(f"INSERT INTO plain SELECT key, {numbers} FROM feature_counters"))
        if database.dialect == "postgresql":
            transaction.execute(text("ANALYZE"))
