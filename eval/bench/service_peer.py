"""What a plain service would do: a FastAPI route that stores the same row, one commit a request."""

from __future__ import annotations

import os
import sqlite3
import threading
from datetime import datetime
from typing import Annotated

from fastapi import Body, FastAPI
from pydantic import BaseModel

COLUMNS = ("platform", "message_id", "room_id", "user_id", "kind", "text", "sent_at")


class PlainMessage(BaseModel):
    """The keys that a message must have."""

    platform: str
    room_id: str
    message_id: str
    user_id: str
    kind: str
    text: str
    sent_at: datetime


def build_peer() -> FastAPI:
    """Return the application; ``PEER_FILE`` in the environment names its SQLite file."""
    app, held = FastAPI(), threading.local()
    names, marks = ", ".join(COLUMNS), ", ".join("?" * len(COLUMNS))
    insert = f"INSERT OR IGNORE INTO messages ({names}) VALUES ({marks})"

    # Once: several threads that turn to WAL at the same moment find the file locked.
    first = sqlite3.connect(os.environ["PEER_FILE"])
    first.execute("PRAGMA journal_mode=WAL")
    first.execute(f"CREATE TABLE messages ({names}, PRIMARY KEY (platform, message_id))")
    first.close()

    def connection() -> sqlite3.Connection:
        if not hasattr(held, "connection"):
            held.connection = sqlite3.connect(os.environ["PEER_FILE"], timeout=30)
            held.connection.execute("PRAGMA synchronous=FULL")
        made: sqlite3.Connection = held.connection
        return made

    def store(messages: list[PlainMessage]) -> dict[str, int]:
        rows = [tuple(str(getattr(message, name)) for name in COLUMNS) for message in messages]
        with connection() as transaction:
            done = transaction.executemany(insert, rows)
        return {"accepted": done.rowcount}

    @app.post("/v1/messages", status_code=202)
    def take(body: Annotated[PlainMessage | list[PlainMessage], Body()]) -> dict[str, int]:
        return store(body if isinstance(body, list) else [body])

    return app
