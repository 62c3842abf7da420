"""Keys of the service over HTTP, and the sessions that browsers opened with them."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NOW = {
    "sqlite": "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')",
    "postgresql": "clock_timestamp()",
}


def upgrade() -> None:
    """Add the two tables."""
    op.create_table(
        "access_keys",
        sa.Column("id", SERIAL, nullable=False, comment="Order of making"),
        _column("prefix", sa.String(16), "How the key begins: what it is found by, no secret"),
        _column("name", sa.String(100), "What people call it; shared while one takes over"),
        _column("digest", sa.String(64), "SHA-256 of the key"),
        _column("scopes", sa.String(100), "What it opens, in the order of their names"),
        _created("When it was made, database clock, UTC"),
        sa.Column("expires_timestamp", INSTANT, comment="Opens nothing from then; empty for never"),
        sa.Column("revoked_timestamp", INSTANT, comment="Since when it was taken back"),
        sa.Column("used_timestamp", INSTANT, comment="When it was used last, to the minute"),
        sa.PrimaryKeyConstraint("id", name="pk_access_keys"),
        sa.UniqueConstraint("prefix", name="uq_access_keys_prefix"),
        comment="Keys of the service over HTTP; the keys themselves stand nowhere",
    )
    op.create_table(
        "web_sessions",
        sa.Column("digest", sa.String(64), nullable=False, comment="SHA-256 of its cookie"),
        _column("key_id", sa.BigInteger(), "The key that it was opened with"),
        _created("When it was opened, database clock, UTC"),
        _column("expires_timestamp", INSTANT, "Opens nothing from then"),
        sa.PrimaryKeyConstraint("digest", name="pk_web_sessions"),
        sa.ForeignKeyConstraint(
            ["key_id"], ["access_keys.id"], name="fk_web_sessions_key_id", ondelete="CASCADE"
        ),
        comment="Sessions of browsers; one ends with its key",
    )
    op.create_index("ix_web_sessions_key_id", "web_sessions", ["key_id"])
    op.create_index("ix_web_sessions_expires_timestamp", "web_sessions", ["expires_timestamp"])


def _column(name: str, kind: sa.types.TypeEngine[object], comment: str) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False, comment=comment)


def _created(comment: str) -> sa.Column[object]:
    now = sa.text(NOW[op.get_bind().dialect.name])
    return sa.Column(
        "created_timestamp", INSTANT, server_default=now, nullable=False, comment=comment
    )


def downgrade() -> None:
    """Drop the two tables: no key opens anything any more."""
    op.drop_table("web_sessions")
    op.drop_table("access_keys")
