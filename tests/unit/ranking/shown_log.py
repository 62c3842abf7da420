"""Writes small logs of impressions, clicks and conversions, as the store's tables have them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from intent.ranking.impression_log import ShownRows

BEGIN = datetime(2026, 10, 1, tzinfo=UTC)
TIME = pa.timestamp("us", "UTC")
IDS = ("request_id", "platform", "user_id", "room_id", "creator_id", "item_id")
IMPRESSIONS = pa.schema(
    [(name, pa.string()) for name in IDS]
    + [("position", pa.int64()), ("served_at", TIME), ("created_timestamp", TIME)]
)
CLICKS = pa.schema(
    [(name, pa.string()) for name in IDS[:4]] + [("clicked_at", TIME), ("created_timestamp", TIME)]
)
CONVERSIONS = pa.schema(
    [(name, pa.string()) for name in ("source", "conversion_id", "status", *IDS[1:4])]
    + [("revision", pa.int64()), ("event_timestamp", TIME), ("created_timestamp", TIME)]
)


def after(**parts: float) -> datetime:
    return BEGIN + timedelta(**parts)


def shown(
    request: str, room: str, position: int, at: datetime, user: str = "u_1"
) -> dict[str, Any]:
    keys = {"platform": "tiktok", "user_id": user, "room_id": room}
    rest = {"creator_id": f"c_{room}", "item_id": None, "position": position}
    return {"request_id": request, **keys, **rest, "served_at": at, "created_timestamp": at}


def click(row: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {**{n: row[n] for n in IDS[:4]}, "clicked_at": at, "created_timestamp": at}


def order(
    number: str,
    row: dict[str, Any],
    at: datetime,
    told: datetime,
    status: str = "placed",
    revision: int = 0,
) -> dict[str, Any]:
    keys = {n: row[n] for n in IDS[1:4]}
    rest = {"status": status, "revision": revision, "event_timestamp": at}
    return {"source": "s", "conversion_id": number, **keys, **rest, "created_timestamp": told}


def write_log(
    folder: Path,
    impressions: Sequence[dict[str, Any]],
    clicks: Sequence[dict[str, Any]] = (),
    conversions: Sequence[dict[str, Any]] = (),
) -> Path:
    folder.mkdir(exist_ok=True)
    for name, rows, schema in (
        ("impressions", impressions, IMPRESSIONS),
        ("clicks", clicks, CLICKS),
        ("conversions", conversions, CONVERSIONS),
    ):
        pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), folder / f"{name}.parquet")
    return folder


SECOND, DAY = 1_000_000, 86_400_000_000
LOOKED = np.array([1.0, 0.7, 0.5, 0.4])


def invented(
    seed: int, size: int = 24_000, days: int = 10
) -> tuple[np.ndarray, ShownRows, np.ndarray, np.ndarray]:
    """Return features, what was shown, true relevance, and the true chance of an order after a
    click; the median order comes a day after its click, and the log ends with its last impression.
    """
    chance = np.random.default_rng(seed)
    matrix = chance.normal(size=(size, 3))
    relevance = 1 / (1 + np.exp(0.6 - matrix[:, 0]))
    wants = 1 / (1 + np.exp(2.2 - 1.2 * matrix[:, 1]))
    position = 1 + np.clip(np.round(1.5 - matrix[:, 0] + chance.normal(size=size)), 0, 3)
    # Some lists are in any order: else nothing tells a position from what the policy puts there.
    position = np.where(chance.random(size) < 0.2, chance.integers(1, 5, size), position)
    served = np.sort(chance.integers(0, days * DAY, size)) + 20_000 * DAY
    clicked = chance.random(size) < relevance * LOOKED[position.astype(int) - 1]
    ordered = clicked & (chance.random(size) < wants)
    told = served + (chance.exponential(1.44, size) * DAY).astype(np.int64)
    known = int(served.max()) + 1
    seen = ordered & (told < known)
    rows = ShownRows(
        request=np.arange(size) // 4,
        served=served,
        position=position.astype(np.int64),
        clicked_at=np.where(clicked, served, -1),
        told_at=np.where(seen, told, -1),
        taken_at=np.full(size, -1),
        known=known,
    )
    return matrix, rows, relevance, wants
