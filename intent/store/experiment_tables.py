"""The tables of experiments: what is tried, and who was shown which arm."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from intent.store.columns import Key, Serial, UtcDateTime, database_now, metadata

UnitId = String(300)
"""An id, or an id and the begin of a block."""

experiments = Table(
    "experiments",
    metadata,
    Column("name", Key, primary_key=True, comment="Name of the experiment"),
    Column("unit_kind", String(20), nullable=False, comment="viewer, room, creator or time"),
    Column("arms", JSON, nullable=False, comment="[name, share], the first is control"),
    Column("metric", String(60), nullable=False, comment="What is compared"),
    Column("salt", Key, nullable=False, comment="What units are hashed with"),
    Column("salt_version", Integer, nullable=False, comment="Another one deals anew"),
    Column("block_seconds", Double, comment="How long an arm lasts, where time is dealt"),
    Column("burn_in_seconds", Double, nullable=False, comment="Left out of each block"),
    Column("half_life_seconds", Double, comment="Of what an arm leaves behind; empty: unknown"),
    Column("planned", Integer, comment="Units at which it should be read; empty: not said"),
    Column("started_timestamp", UtcDateTime, nullable=False, comment="What comes later counts"),
    Column(
        "created_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When it was written down, database clock, UTC",
    ),
    comment="Experiments; none is ever changed, another plan has another name",
)

exposures = Table(
    "exposures",
    metadata,
    Column("id", Serial, primary_key=True, comment="Created sequence"),
    Column(
        "experiment",
        Key,
        ForeignKey("experiments.name"),
        nullable=False,
        comment="The experiment",
    ),
    Column("platform", Key, nullable=False, comment="Where the unit is"),
    Column("unit_kind", String(20), nullable=False, comment="viewer, room, creator or time"),
    Column("unit_id", UnitId, nullable=False, comment="Id of the unit; room@begin for time"),
    Column("user_id", Key, comment="The unit, where it is a viewer"),
    Column("room_id", Key, comment="The unit, where it is a room or a block of one"),
    Column("arm", Key, nullable=False, comment="What it was dealt"),
    Column("salt_version", Integer, nullable=False, comment="Of the salt that dealt it"),
    Column("exposed_at", UtcDateTime, nullable=False, comment="When it was first shown, UTC"),
    Column(
        "created_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When it was written down, database clock, UTC",
    ),
    UniqueConstraint(
        "experiment", "salt_version", "platform", "unit_kind", "unit_id", name="uq_exposures_once"
    ),
    Index(None, "platform", "user_id"),
    Index(None, "platform", "room_id"),
    comment="Which unit was shown which arm, once each; append only",
)
