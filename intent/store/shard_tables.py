"""The tables of shards: which one a database is, and which rooms are on their way."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table

from intent.store.columns import Key, metadata

shard_places = Table(
    "shard_places",
    metadata,
    Column(
        "number",
        Integer,
        primary_key=True,
        autoincrement=False,
        comment="Which of the shards this database is, from 1",
    ),
    Column("members", Integer, nullable=False, comment="How many shards there are"),
    comment="Which shard this database is; empty where all rooms are in one database",
)

leaving_rooms = Table(
    "leaving_rooms",
    metadata,
    Column("platform", Key, primary_key=True, comment="Of the room"),
    Column("room_id", Key, primary_key=True, comment="The room"),
    Column("target", Integer, nullable=False, comment="Number of the other shard"),
    comment="Rooms that belong to another shard and are still here",
)

awaited_rooms = Table(
    "awaited_rooms",
    metadata,
    Column("platform", Key, primary_key=True, comment="Of the room"),
    Column("room_id", Key, primary_key=True, comment="The room"),
    Column("source", Integer, nullable=False, comment="Number of the other shard"),
    comment="Rooms that belong here and are still in another shard",
)
