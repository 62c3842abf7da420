"""The tables of decisions: runs, what they decided, and the labels to find it by."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    column,
    table,
    text,
    true,
)

from intent.store.columns import INTENTS, Key, Serial, UtcDateTime, database_now, metadata

runs = Table(
    "runs",
    metadata,
    Column(
        "name", String(100), primary_key=True, comment="Name of the run; production is the live one"
    ),
    Column("description", Text, comment="What it was made for"),
    Column(
        "prompt",
        String(100),
        comment="Name of the prompt it asks with; empty for the production prompt",
    ),
    Column("prompt_version", String(64), comment="Hash of that prompt when the run was started"),
    Column(
        "created_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When it was started",
    ),
    Column(
        "promoted_timestamp",
        UtcDateTime,
        comment="When its decisions became visible to readers; empty until then",
    ),
    comment="Who made decisions: the production run, and backfills that are compared before they "
    "are promoted",
)

PRODUCTION = "production"
"""Name of the live run."""

BESIDE = "run <> 'production'"
"""Tells the decisions of other runs: those of the live one are nearly all, and not looked for."""

CHATTER = "chatter"
"""The label of what asks for nothing: most of what is said."""

NAMED = "label <> 'chatter'"
"""Tells the labels that decisions are looked for by."""

decisions = Table(
    "decisions",
    metadata,
    Column("id", Serial, primary_key=True, comment="Created sequence"),
    Column("platform", Key, nullable=False, comment="Identity of the message"),
    Column("message_id", Key, nullable=False, comment="Identity of the message"),
    Column(
        "revision",
        Integer,
        nullable=False,
        comment="0, 1, 2 … for one message; none is ever changed",
    ),
    Column("run", String(100), ForeignKey("runs.name"), nullable=False, comment="Run that made it"),
    Column(
        "visible",
        Boolean,
        nullable=False,
        server_default=true(),
        comment="Readers see it, from created_timestamp on; promotion copies what is not",
    ),
    Column("room_id", Key, nullable=False, comment="Entity key"),
    Column("creator_id", Key, comment="Entity key"),
    Column("user_id", Key, nullable=False, comment="Entity key"),
    Column("item_id", Key, comment="Entity key"),
    Column("category_id", Key, comment="Entity key"),
    Column(
        "author_role",
        String(20),
        nullable=False,
        server_default="viewer",
        comment="viewer, host or moderator; demand is what viewers say",
    ),
    Column("event_timestamp", UtcDateTime, nullable=False, comment="When it was said, UTC"),
    Column(
        "created_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When we knew, database clock, UTC",
    ),
    Column("decided_by", String(20), nullable=False, comment="local, llm, human or platform"),
    Column("from_cache", Boolean, nullable=False, comment="Copied from an equal message"),
    Column(
        "degraded", Boolean, nullable=False, comment="The LLM was wanted, this stands meanwhile"
    ),
    Column("is_lead", Boolean, nullable=False, comment="At least one lead intent was chosen"),
    Column(
        "lead_probability",
        Integer,
        nullable=False,
        comment="Probability of at least one lead intent, in millionths",
    ),
    *(
        Column(
            f"p_{intent}",
            Integer,
            nullable=False,
            comment=f"Probability of {intent}, in millionths",
        )
        for intent in INTENTS
    ),
    Column(
        "labels",
        JSON,
        nullable=False,
        comment="Chosen intents in the taxonomy's order; indexed in decision_labels",
    ),
    Column(
        "slots", JSON, nullable=False, comment="[kind, verbatim substring of the message] pairs"
    ),
    Column(
        "stated_price",
        BigInteger,
        comment="Price that the message names, in hundredths of the currency that it is in",
    ),
    Column(
        "price_gap",
        Integer,
        comment="How far it is above the price on screen, in millionths of a doubling",
    ),
    Column(
        "answer_seconds",
        Integer,
        comment="Of the first answer of a host or moderator to a lead: how long after it",
    ),
    Column("taxonomy_version", String(64), nullable=False, comment="Hash of the taxonomy"),
    Column("prompt_version", String(64), nullable=False, comment="Hash of the prompt, or none"),
    Column(
        "model_version",
        String(64),
        nullable=False,
        comment="Hash of the local model, or the LLM's id",
    ),
    Column(
        "calibration_version",
        String(64),
        nullable=False,
        comment="Hash of the calibration, or unmeasured",
    ),
    UniqueConstraint("platform", "message_id", "revision"),
    CheckConstraint("lead_probability BETWEEN 0 AND 1000000", name="lead_probability"),
    Index(None, "platform", "user_id", "event_timestamp"),
    Index(None, "run", "id", sqlite_where=text(BESIDE), postgresql_where=text(BESIDE)),
    Index(None, "platform", "room_id", "event_timestamp"),
    Index(
        None,
        "platform",
        "creator_id",
        "event_timestamp",
        sqlite_where=text("creator_id IS NOT NULL"),
        postgresql_where=text("creator_id IS NOT NULL"),
    ),
    Index(
        None,
        "platform",
        "item_id",
        "event_timestamp",
        sqlite_where=text("item_id IS NOT NULL"),
        postgresql_where=text("item_id IS NOT NULL"),
    ),
    Index(
        None,
        "platform",
        "category_id",
        "event_timestamp",
        sqlite_where=text("category_id IS NOT NULL"),
        postgresql_where=text("category_id IS NOT NULL"),
    ),
    comment="Every decision ever made; append only",
)

current_decisions = table("current_decisions", *(column(c.name, c.type) for c in decisions.columns))
"""What readers see: of every message the newest visible decision. A run's decisions are visible
once promotion has copied them as newer revisions.
"""

decision_labels = Table(
    "decision_labels",
    metadata,
    Column(
        "decision_id",
        Serial,
        ForeignKey("decisions.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        comment="The decision",
    ),
    Column("label", String(60), primary_key=True, comment="A chosen intent"),
    Column("event_timestamp", UtcDateTime, nullable=False, comment="When the message was said"),
    Index(
        None,
        "label",
        "event_timestamp",
        sqlite_where=text(NAMED),
        postgresql_where=text(NAMED),
    ),
    comment="The chosen intents of every decision, for finding by intent",
)
