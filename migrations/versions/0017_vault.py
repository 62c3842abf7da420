"""Contact details, sealed; the keys that they are sealed with; and who saw them."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
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
    """Add the four tables; intent vault seal then moves what older versions stored in plain."""
    op.create_table(
        "vault_keys",
        _column("platform", KEY, "Whose; empty for what is nobody's"),
        _column("user_id", KEY, "Whose: a person, or with no platform what else has a key"),
        _column("wrapped", sa.LargeBinary(), "The key, wrapped by a master key (RFC 3394)"),
        _column("master", sa.String(16), "Name of the master key"),
        _now("created_timestamp", "When it was made, database clock, UTC"),
        sa.PrimaryKeyConstraint("platform", "user_id", name="pk_vault_keys"),
        comment="One key a person: without it nobody reads what is sealed, wherever a copy stands",
    )
    op.create_index("ix_vault_keys_master", "vault_keys", ["master"])
    op.create_table(
        "contacts",
        *_identity(),
        _column(
            "placeholder", sa.String(40), "What stands in its place in the text, such as [phone]"
        ),
        _column("user_id", KEY, "The author, whose key seals it"),
        _column(
            "sealed",
            sa.LargeBinary(),
            "AES-256-GCM: nonce and ciphertext, bound to platform, author, message and place",
        ),
        sa.PrimaryKeyConstraint("platform", "message_id", "placeholder", name="pk_contacts"),
        comment="Contact details of messages, sealed",
    )
    op.create_index("ix_contacts_platform_user_id", "contacts", ["platform", "user_id"])
    op.create_table(
        "contact_hashes",
        *_identity(),
        _column(
            "digest",
            sa.String(64),
            "HMAC-SHA256 of a detail in the form that equal ones share, such as E.164",
        ),
        _column("kind", sa.String(20), "phone, email, handle or link"),
        sa.PrimaryKeyConstraint("platform", "message_id", "digest", name="pk_contact_hashes"),
        comment="Contact details of messages as keyed hashes, to find the same one elsewhere",
    )
    op.create_index("ix_contact_hashes_digest", "contact_hashes", ["digest"])
    _accesses()


def _accesses() -> None:
    op.create_table(
        "contact_accesses",
        sa.Column("id", SERIAL, nullable=False, comment="Order of access"),
        _column("seen_by", sa.String(100), "Name of the key, or of the user"),
        _column("seen_through", sa.String(20), "cli, api, page, hook or export"),
        _column("platform", KEY, "Whose details; empty once forgotten"),
        _column("user_id", KEY, "Whose details; empty once forgotten"),
        _column("message_id", KEY, "Which message; empty once forgotten"),
        _now("seen_timestamp", "When, database clock, UTC"),
        sa.PrimaryKeyConstraint("id", name="pk_contact_accesses"),
        comment="Who was shown contact details of whom, and when",
    )
    for names in (["platform", "user_id"], ["platform", "message_id"], ["seen_timestamp"]):
        name = f"ix_contact_accesses_{'_'.join(names)}"
        op.create_index(name, "contact_accesses", names)


def downgrade() -> None:
    """Drop the tables.

    Raises:
        RuntimeError: contact details stand in them, and in no text any more.
    """
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM contacts")):
        raise RuntimeError("contact details stand in the vault alone, and would be lost")
    for table in ("contact_accesses", "contact_hashes", "contacts", "vault_keys"):
        op.drop_table(table)


def _identity() -> tuple[sa.Column[object], sa.Column[object]]:
    said = "Identity of the message"
    return _column("platform", KEY, said), _column("message_id", KEY, said)


def _column(name: str, kind: sa.types.TypeEngine[object], comment: str) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False, comment=comment)


def _now(name: str, comment: str) -> sa.Column[object]:
    now = sa.text(NOW[op.get_bind().dialect.name])
    return sa.Column(name, INSTANT, server_default=now, nullable=False, comment=comment)
