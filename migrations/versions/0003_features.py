"""Feature state: one row of counters an entity, one row of tiles a creator, room or item, and what
is dated in the future.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
recounts = True
"""Feature state has to be counted anew afterwards: the counters of the new shape begin empty."""

BY_KEY = {"ix_decisions_platform_room_id_event_timestamp": "room_id"}
BY_OPTIONAL_KEY = {
    "ix_decisions_platform_creator_id_event_timestamp": "creator_id",
    "ix_decisions_platform_item_id_event_timestamp": "item_id",
}


def upgrade() -> None:
    """Replace the counters of the first shape; what was decided before is counted anew."""
    op.drop_table("feature_counters")
    op.create_table(
        "feature_counters",
        sa.Column(
            "key",
            sa.Text(),
            nullable=False,
            comment="entity/platform/id, with another /id where two make the key; % and / inside "
            "are escaped",
        ),
        sa.Column(
            "newest",
            sa.BigInteger(),
            nullable=False,
            comment="Newest message ever counted, microseconds since 1970 UTC; a read of an "
            "earlier instant counts anew",
        ),
        sa.Column(
            "state",
            sa.LargeBinary(),
            nullable=False,
            comment="One record a topic: code, count, newest, as of, three decayed counts "
            "(features/packed.py)",
        ),
        sa.PrimaryKeyConstraint("key", name="pk_feature_counters"),
        comment="Counts, last seen and decayed counts of every entity; kept in the transaction "
        "that saves a decision",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "feature_tiles",
        sa.Column(
            "key",
            sa.Text(),
            nullable=False,
            comment="Key of a creator, room or item, as in feature_counters",
        ),
        sa.Column(
            "horizon",
            sa.BigInteger(),
            nullable=False,
            comment="Newest message ever counted, microseconds since 1970 UTC; retention counts "
            "back from it",
        ),
        sa.Column(
            "counts",
            sa.LargeBinary(),
            nullable=False,
            comment="One record a tile and topic: messages, and users last seen in the tile "
            "(features/packed.py)",
        ),
        sa.Column(
            "sums",
            sa.LargeBinary(),
            nullable=False,
            comment="One record a tile: sums of p and of p(1-p) for each intent and group",
        ),
        sa.PrimaryKeyConstraint("key", name="pk_feature_tiles"),
        comment="Tiles of 5 minutes, 1 hour and 1 day, from which windows are summed; kept in the "
        "transaction that saves a decision",
    )
    op.create_table(
        "feature_future",
        sa.Column("platform", sa.String(200), nullable=False, comment="Identity of the message"),
        sa.Column("message_id", sa.String(200), nullable=False, comment="Identity of the message"),
        sa.Column(
            "due",
            sa.BigInteger(),
            nullable=False,
            comment="When it was said, microseconds since 1970 UTC: later than when it was decided",
        ),
        sa.PrimaryKeyConstraint("platform", "message_id", name="pk_feature_future"),
        comment="Decided messages that are dated in the future: counted once their time has come",
    )
    op.create_index("ix_feature_future_due", "feature_future", ["due"])
    for name, column in BY_KEY.items():
        op.create_index(name, "decisions", ["platform", column, "event_timestamp"])
    for name, column in BY_OPTIONAL_KEY.items():
        present = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            name,
            "decisions",
            ["platform", column, "event_timestamp"],
            sqlite_where=present,
            postgresql_where=present,
        )


def downgrade() -> None:
    """Bring the counters of the first shape back, empty."""
    for name in (*BY_OPTIONAL_KEY, *BY_KEY):
        op.drop_index(name, "decisions")
    for table in ("feature_future", "feature_tiles", "feature_counters"):
        op.drop_table(table)
    op.create_table(
        "feature_counters",
        sa.Column("entity", sa.String(20), comment="user, creator, room or item"),
        sa.Column("platform", sa.String(200), comment="Platform of the key"),
        sa.Column("key", sa.String(200), comment="Id of the user, creator, room or item"),
        sa.Column("intent", sa.String(60), comment="A label or a group of the taxonomy"),
        sa.Column(
            "count",
            sa.BigInteger(),
            nullable=False,
            comment="Messages whose current decision carries it",
        ),
        sa.Column(
            "decayed_30m",
            sa.Double(),
            nullable=False,
            comment="Count with a half-life of 30 minutes, as of decayed_at",
        ),
        sa.Column(
            "decayed_1d",
            sa.Double(),
            nullable=False,
            comment="Count with a half-life of 1 day, as of decayed_at",
        ),
        sa.Column(
            "decayed_30d",
            sa.Double(),
            nullable=False,
            comment="Count with a half-life of 30 days, as of decayed_at",
        ),
        sa.Column(
            "decayed_at",
            sa.BigInteger(),
            nullable=False,
            comment="Newest event counted, microseconds since 1970 UTC",
        ),
        sa.PrimaryKeyConstraint("entity", "platform", "key", "intent", name="pk_feature_counters"),
        comment="Intent counts kept up to date in the transaction that saves a decision",
    )
