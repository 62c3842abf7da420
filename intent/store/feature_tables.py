"""The tables of feature state, as SQLAlchemy Core knows them; each row is written whole by the
transaction that saves decisions.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from intent.store.schema import Key
from intent.store.schema import metadata as metadata

ROOM = {"fillfactor": 70}
"""PostgreSQL writes a row anew on its page where there is room, and then no index is told."""

feature_counters = Table(
    "feature_counters",
    metadata,
    Column(
        "key",
        Text,
        primary_key=True,
        comment="entity/platform/id, with another /id where two make the key; % and / inside are "
        "escaped",
    ),
    Column(
        "newest",
        BigInteger,
        nullable=False,
        comment="Newest message ever counted, microseconds since 1970 UTC; a read of an earlier "
        "instant counts anew",
    ),
    Column(
        "state",
        LargeBinary,
        nullable=False,
        comment="One record a topic: code, count, newest, as of, three decayed counts "
        "(features/packed.py)",
    ),
    comment="Counts, last seen and decayed counts of every entity; kept in the transaction that "
    "saves a decision",
    sqlite_with_rowid=False,
    postgresql_with=ROOM,
)

feature_tiles = Table(
    "feature_tiles",
    metadata,
    Column(
        "key",
        Text,
        primary_key=True,
        comment="Key of a creator, room or item, as in feature_counters",
    ),
    Column(
        "horizon",
        BigInteger,
        nullable=False,
        comment="Newest message ever counted, microseconds since 1970 UTC; retention counts back "
        "from it",
    ),
    Column(
        "counts",
        LargeBinary,
        nullable=False,
        comment="One record a tile and topic: messages, and users last seen in the tile "
        "(features/packed.py)",
    ),
    Column(
        "sums",
        LargeBinary,
        nullable=False,
        comment="One record a tile: sums of p and of p(1-p) for each intent and group",
    ),
    postgresql_with=ROOM,
    comment="Tiles of 5 minutes, 1 hour and 1 day, from which windows are summed; kept in the "
    "transaction that saves a decision",
)

feature_future = Table(
    "feature_future",
    metadata,
    Column("platform", Key, primary_key=True, comment="Identity of the message"),
    Column("message_id", Key, primary_key=True, comment="Identity of the message"),
    Column(
        "due",
        BigInteger,
        nullable=False,
        comment="When it was said, microseconds since 1970 UTC: later than when it was decided",
    ),
    Index(None, "due"),
    comment="Decided messages that are dated in the future: counted once their time has come",
)
