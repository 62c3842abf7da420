"""The tables of the vault: contact details, the keys that seal them, and who saw them."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, String, Table

from intent.store.columns import Key, Serial, UtcDateTime, database_now, metadata

vault_keys = Table(
    "vault_keys",
    metadata,
    Column("platform", Key, primary_key=True, comment="Whose; empty for what is nobody's"),
    Column(
        "user_id",
        Key,
        primary_key=True,
        comment="Whose: a person, or with no platform what else has a key",
    ),
    Column(
        "wrapped",
        LargeBinary,
        nullable=False,
        comment="The key, wrapped by a master key (RFC 3394)",
    ),
    Column("master", String(16), nullable=False, comment="Name of the master key"),
    Column(
        "created_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When it was made, database clock, UTC",
    ),
    Index(None, "master"),
    comment="One key a person: without it nobody reads what is sealed, wherever a copy stands",
)

contacts = Table(
    "contacts",
    metadata,
    Column("platform", Key, primary_key=True, comment="Identity of the message"),
    Column("message_id", Key, primary_key=True, comment="Identity of the message"),
    Column(
        "placeholder",
        String(40),
        primary_key=True,
        comment="What stands in its place in the text, such as [phone]",
    ),
    Column("user_id", Key, nullable=False, comment="The author, whose key seals it"),
    Column(
        "sealed",
        LargeBinary,
        nullable=False,
        comment="AES-256-GCM: nonce and ciphertext, bound to platform, author, message and place",
    ),
    Index(None, "platform", "user_id"),
    comment="Contact details of messages, sealed",
)

contact_hashes = Table(
    "contact_hashes",
    metadata,
    Column("platform", Key, primary_key=True, comment="Identity of the message"),
    Column("message_id", Key, primary_key=True, comment="Identity of the message"),
    Column(
        "digest",
        String(64),
        primary_key=True,
        comment="HMAC-SHA256 of a detail in the form that equal ones share, such as E.164",
    ),
    Column("kind", String(20), nullable=False, comment="phone, email, handle or link"),
    Index(None, "digest"),
    comment="Contact details of messages as keyed hashes, to find the same one elsewhere",
)

contact_accesses = Table(
    "contact_accesses",
    metadata,
    Column("id", Serial, primary_key=True, comment="Order of access"),
    Column("seen_by", String(100), nullable=False, comment="Name of the key, or of the user"),
    Column("seen_through", String(20), nullable=False, comment="cli, api, page, hook or export"),
    Column("platform", Key, nullable=False, comment="Whose details; empty once forgotten"),
    Column("user_id", Key, nullable=False, comment="Whose details; empty once forgotten"),
    Column("message_id", Key, nullable=False, comment="Which message; empty once forgotten"),
    Column(
        "seen_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When, database clock, UTC",
    ),
    Index(None, "platform", "user_id"),
    Index(None, "platform", "message_id"),
    Index(None, "seen_timestamp"),
    comment="Who was shown contact details of whom, and when",
)
