"""Ledger and replies of the LLM, the prompt of a run, and decisions that are not visible before
their run is promoted.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
KEY = sa.String(200)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

CURRENT_DECISIONS = """
CREATE VIEW current_decisions AS
SELECT d.* FROM decisions AS d
WHERE d.visible AND NOT EXISTS (
    SELECT 1 FROM decisions AS n
    WHERE n.platform = d.platform AND n.message_id = d.message_id AND n.revision > d.revision
      AND n.visible
)
"""

CURRENT_DECISIONS_BEFORE = """
CREATE VIEW current_decisions AS
SELECT d.* FROM decisions AS d
JOIN runs AS r ON r.name = d.run AND r.promoted_timestamp IS NOT NULL
WHERE NOT EXISTS (
    SELECT 1 FROM decisions AS n
    JOIN runs AS p ON p.name = n.run AND p.promoted_timestamp IS NOT NULL
    WHERE n.platform = d.platform AND n.message_id = d.message_id AND n.revision > d.revision
)
"""


def upgrade() -> None:
    """Add the tables and columns of asking."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    now = sa.text(
        "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')" if sqlite else "clock_timestamp()"
    )
    op.execute("DROP VIEW current_decisions")
    op.add_column(
        "decisions",
        sa.Column(
            "visible",
            sa.Boolean(),
            server_default=sa.true(),
            nullable=False,
            comment="Readers see it, from created_timestamp on; promotion copies what is not",
        ),
    )
    # Until now a run was visible as a whole.
    op.execute(
        "UPDATE decisions SET visible = false WHERE run IN (SELECT name FROM runs WHERE "
        "promoted_timestamp IS NULL)"
    )
    op.create_index("ix_decisions_run_visible_id", "decisions", ["run", "visible", "id"])
    op.execute(CURRENT_DECISIONS)
    op.add_column(
        "runs",
        sa.Column(
            "prompt",
            sa.String(100),
            comment="Name of the prompt it asks with; empty for the production prompt",
        ),
    )
    op.add_column(
        "runs",
        sa.Column(
            "prompt_version", sa.String(64), comment="Hash of that prompt when the run was started"
        ),
    )
    op.create_index(
        "ix_ask_lane_priority_attempts_event_timestamp",
        "ask_lane",
        ["priority", "attempts", "event_timestamp"],
    )
    op.create_index("ix_ask_lane_priority_attempts_id", "ask_lane", ["priority", "attempts", "id"])
    _create_ledger()
    op.create_table(
        "llm_replies",
        sa.Column(
            "key",
            sa.String(64),
            comment="Hash of a request, or of one message with the prompt and model it was asked "
            "with",
        ),
        sa.Column(
            "reply",
            sa.LargeBinary(),
            nullable=False,
            comment="What came back; holds no contact details",
        ),
        sa.Column(
            "created_timestamp", INSTANT, server_default=now, nullable=False, comment="When it came"
        ),
        sa.PrimaryKeyConstraint("key", name="pk_llm_replies"),
        comment="Replies that were paid for, so that none is paid for twice",
    )
    op.create_index("ix_llm_replies_created_timestamp", "llm_replies", ["created_timestamp"])


def _create_ledger() -> None:
    op.create_table(
        "llm_attempts",
        sa.Column("id", SERIAL, comment="Order of booking"),
        sa.Column(
            "request", sa.String(64), nullable=False, comment="Hash of everything that was sent"
        ),
        sa.Column("run", sa.String(100), nullable=False, comment="Run that it was asked for"),
        sa.Column("platform", KEY, nullable=False, comment="Platform of the room"),
        sa.Column("room_id", KEY, nullable=False, comment="Room that it was asked about"),
        sa.Column("prompt_version", sa.String(64), nullable=False, comment="Hash of the prompt"),
        sa.Column("model", sa.String(200), nullable=False, comment="The LLM's id"),
        sa.Column("messages", sa.Integer(), nullable=False, comment="Messages that it asked about"),
        sa.Column(
            "outcome",
            sa.String(20),
            nullable=False,
            comment="How it ended, such as answered, rate_limited or timeout",
        ),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False, comment="All tokens sent"),
        sa.Column(
            "cached_tokens",
            sa.BigInteger(),
            nullable=False,
            comment="Part of them that was read from the server's cache",
        ),
        sa.Column(
            "cache_write_tokens",
            sa.BigInteger(),
            nullable=False,
            comment="Part of them that was written to the server's cache",
        ),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False, comment="Tokens received"),
        sa.Column(
            "nanodollars",
            sa.BigInteger(),
            nullable=False,
            comment="Price in billionths of a dollar, so that sums are exact",
        ),
        sa.Column("latency", sa.Double(), nullable=False, comment="Seconds"),
        sa.Column(
            "started_timestamp",
            INSTANT,
            nullable=False,
            comment="When it was sent, clock of the asker",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_llm_attempts"),
        comment="The ledger: every call of the LLM, also those that failed",
    )
    op.create_index("ix_llm_attempts_started_timestamp", "llm_attempts", ["started_timestamp"])
    op.create_index("ix_llm_attempts_platform_room_id", "llm_attempts", ["platform", "room_id"])


def downgrade() -> None:
    """Drop them; runs are hidden or visible as a whole again."""
    op.drop_table("llm_replies")
    op.drop_table("llm_attempts")
    op.drop_index("ix_ask_lane_priority_attempts_id", "ask_lane")
    op.drop_index("ix_ask_lane_priority_attempts_event_timestamp", "ask_lane")
    op.execute("DROP VIEW current_decisions")
    op.drop_index("ix_decisions_run_visible_id", "decisions")
    op.drop_column("decisions", "visible")
    op.drop_column("runs", "prompt_version")
    op.drop_column("runs", "prompt")
    op.execute(CURRENT_DECISIONS_BEFORE)
