"""Experiments, and which unit was shown which arm."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.String(200)
NOW = {
    "sqlite": "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')",
    "postgresql": "clock_timestamp()",
}


def upgrade() -> None:
    """Add the two tables."""
    op.create_table(
        "experiments",
        _column("name", KEY, "Name of the experiment"),
        _column("unit_kind", sa.String(20), "viewer, room, creator or time"),
        _column("arms", sa.JSON(), "[name, share], the first is control"),
        _column("metric", sa.String(60), "What is compared"),
        _column("salt", KEY, "What units are hashed with"),
        _column("salt_version", sa.Integer(), "Another one deals anew"),
        _open("block_seconds", sa.Double(), "How long an arm lasts, where time is dealt"),
        _column("burn_in_seconds", sa.Double(), "Left out of each block"),
        _open("half_life_seconds", sa.Double(), "Of what an arm leaves behind; empty: unknown"),
        _open("planned", sa.Integer(), "Units at which it should be read; empty: not said"),
        _column("started_timestamp", INSTANT, "What comes later counts"),
        _created(),
        sa.PrimaryKeyConstraint("name", name="pk_experiments"),
        comment="Experiments; none is ever changed, another plan has another name",
    )
    op.create_table(
        "exposures",
        _column("id", SERIAL, "Created sequence"),
        _column("experiment", KEY, "The experiment"),
        _column("platform", KEY, "Where the unit is"),
        _column("unit_kind", sa.String(20), "viewer, room, creator or time"),
        _column("unit_id", sa.String(300), "Id of the unit; room@begin for time"),
        _open("user_id", KEY, "The unit, where it is a viewer"),
        _open("room_id", KEY, "The unit, where it is a room or a block of one"),
        _column("arm", KEY, "What it was dealt"),
        _column("salt_version", sa.Integer(), "Of the salt that dealt it"),
        _column("exposed_at", INSTANT, "When it was first shown, UTC"),
        _created(),
        sa.PrimaryKeyConstraint("id", name="pk_exposures"),
        sa.ForeignKeyConstraint(
            ["experiment"], ["experiments.name"], name="fk_exposures_experiment"
        ),
        sa.UniqueConstraint(
            "experiment",
            "salt_version",
            "platform",
            "unit_kind",
            "unit_id",
            name="uq_exposures_once",
        ),
        comment="Which unit was shown which arm, once each; append only",
    )
    for key in ("user_id", "room_id"):
        op.create_index(f"ix_exposures_platform_{key}", "exposures", ["platform", key])


def _column(name: str, kind: sa.types.TypeEngine[object], comment: str) -> "sa.Column[object]":
    return sa.Column(name, kind, nullable=False, comment=comment)


def _open(name: str, kind: sa.types.TypeEngine[object], comment: str) -> "sa.Column[object]":
    return sa.Column(name, kind, comment=comment)


def _created() -> "sa.Column[object]":
    now = sa.text(NOW[op.get_bind().dialect.name])
    comment = "When it was written down, database clock, UTC"
    return sa.Column(
        "created_timestamp", INSTANT, server_default=now, nullable=False, comment=comment
    )


def downgrade() -> None:
    """Drop the two tables, and with them who was shown what."""
    op.drop_table("exposures")
    op.drop_table("experiments")
