"""Trains a LightGBM ranker on a built file, and serves it with the same features read online.

Run it anywhere: ``python examples/rank_with_lightgbm.py`` makes a database of its own with invented
people, who buy what they asked about.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from intent import (
    Access,
    Application,
    DecidedBy,
    Decision,
    DuckEngine,
    Entry,
    FeatureReader,
    Kind,
    Message,
    Settings,
    SqlDecisions,
    Topics,
    Versions,
    build,
    export_facts,
    group_sizes,
    matrix,
    open_application,
    parse_history,
    parse_label,
)

SET = "ranking_v1"
BEGIN = datetime(2026, 10, 1, tzinfo=UTC)
HOURS, USERS, ROOMS, CANDIDATES = 24 * 12, 60, 12, 6


def main() -> None:
    """Decide a history, build training rows, train, and rank candidates online."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        settings = Settings(database_url=f"sqlite:///{folder}/example.db")
        app = open_application(settings, access=Access.CREATE)
        invent_history(app)
        table = training_rows(app, folder)
        chosen = app.definitions.feature_set(SET)
        features, labels = matrix(table, chosen), np.minimum(table["bought"].to_numpy(), 1)
        model = lightgbm.LGBMRanker(
            n_estimators=40, min_child_samples=10, verbose=-1, random_state=0, n_jobs=1
        )
        model.fit(features, labels, group=group_sizes(table["request"].to_pylist()))
        print(
            f"trained on {len(features):,} rows × {features.shape[1]} features, "
            f"{labels.mean():.1%} bought"
        )

        rows = {
            name: table[name].to_pylist()[-CANDIDATES:]
            for name in ("platform", "user_id", "creator_id", "room_id", "item_id")
        }
        at = table["event_timestamp"].to_pylist()[-1]
        online = FeatureReader(app.database, app.definitions).read(chosen, rows, at).matrix()
        same = np.isclose(online, features[-CANDIDATES:], rtol=1e-6, equal_nan=True)
        print(
            f"read online for the last request: {same.sum()} of {same.size} values equal those of "
            "training"
        )
        for place in np.argsort(-model.predict(online)):
            print(
                f"  {rows['user_id'][place]} in {rows['room_id'][place]}: bought "
                f"{int(labels[-CANDIDATES + place])}"
            )


def invent_history(app: Application) -> None:
    """Save decisions about invented people: everybody has two favourite rooms, asks there, and
    often buys within the hour.
    """
    chance, decisions = np.random.default_rng(1), SqlDecisions()
    favourites = chance.integers(0, ROOMS, (USERS, 2))
    number = 0
    for hour in range(HOURS):
        entries = []
        for user in chance.choice(USERS, 12, replace=False):
            room = (
                chance.choice(favourites[user])
                if chance.random() < 0.8
                else chance.integers(0, ROOMS)
            )
            asks = room in favourites[user]
            labels = (
                [("price_inquiry",), ("purchase_intent",)]
                if asks and chance.random() < 0.6
                else [("chatter",)]
            )
            for minute, chosen in enumerate(labels):
                number += 1
                said_at = BEGIN + timedelta(
                    hours=hour, minutes=5 + 20 * minute, seconds=float(chance.random() * 60)
                )
                entries.append(Entry(message(number, user, room, said_at), decision(app, chosen)))
        with app.database.begin() as transaction:
            app.features.add(transaction, decisions.save(transaction, entries))


def training_rows(app: Application, folder: Path) -> pa.Table:
    """Build one row a candidate: a user, and who of six rooms they might buy in within the hour."""
    chance = np.random.default_rng(2)
    spine = []
    for request in range(500):
        at = BEGIN + timedelta(hours=int(chance.integers(HOURS // 2, HOURS - 1)), minutes=20)
        user = int(chance.integers(0, USERS))
        spine += [
            (request, at, "shop", f"u_{user}", f"c_{room}", f"r_{room}", "i_1")
            for room in chance.choice(ROOMS, CANDIDATES, replace=False)
        ]
    names = (
        "request",
        "event_timestamp",
        "platform",
        "user_id",
        "creator_id",
        "room_id",
        "item_id",
    )
    pq.write_table(
        pa.table(dict(zip(names, zip(*spine, strict=True), strict=True))),
        folder / "requests.parquet",
    )
    definitions = app.definitions
    export_facts(app.database, folder / "facts", Topics(definitions.groups))
    with DuckEngine(folder) as engine:
        build(
            engine,
            definitions.feature_set(SET),
            definitions,
            spine=folder / "requests.parquet",
            facts=folder / "facts",
            out=folder / "train.parquet",
            # The invented past was decided just now; in production this is strict.
            history=parse_history("assume:0s", margin=0.0),
            labels=[parse_label("bought=user_creator:purchase_intent:1h", definitions)],
        )
    return pq.read_table(folder / "train.parquet")


def message(number: int, user: int, room: int, said_at: datetime) -> Message:
    """Return an invented message."""
    parts = {
        "room_id": f"r_{room}",
        "creator_id": f"c_{room}",
        "user_id": f"u_{user}",
        "item_id": "i_1",
    }
    return Message(
        platform="shop",
        message_id=f"m_{number}",
        kind=Kind.COMMENT,
        text="",
        sent_at=said_at,
        **parts,
    )


def decision(app: Application, labels: tuple[str, ...]) -> Decision:
    """Return a decision that is sure of its labels."""
    is_lead = labels != ("chatter",)
    probabilities = {intent: float(intent in labels) for intent in app.taxonomy.names}
    return Decision(
        probabilities,
        labels,
        float(is_lead),
        is_lead,
        DecidedBy.LOCAL,
        Versions("example", "none", "example", "example"),
    )


if __name__ == "__main__":
    main()
