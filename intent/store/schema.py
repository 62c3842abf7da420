"""All tables, as SQLAlchemy Core knows them; ``migrations/`` creates them and a test compares the
two.
"""

from __future__ import annotations

from intent.store.asking_tables import ask_lane, lane_pauses, llm_attempts, llm_replies
from intent.store.claim_tables import claim_corrections, claim_rounds
from intent.store.columns import INTENTS, MILLION, Key, UtcDateTime, database_now, metadata
from intent.store.decision_tables import decision_labels, decisions, runs
from intent.store.erasure_tables import tombstones
from intent.store.experiment_tables import experiments, exposures
from intent.store.hook_tables import hook_deliveries, hooks
from intent.store.key_tables import access_keys, web_sessions
from intent.store.lead_tables import lead_actions, lead_changes, leads
from intent.store.message_tables import (
    FRESH,
    TRIED,
    dead_letters,
    earlier_versions,
    inbox,
    messages,
    retractions,
)
from intent.store.outcome_tables import (
    clicks,
    conversion_credits,
    conversion_links,
    conversions,
    impressions,
)
from intent.store.shard_tables import awaited_rooms, leaving_rooms, shard_places
from intent.store.source_tables import listened_sources, positions, source_gaps
from intent.store.vault_tables import contact_accesses, contact_hashes, contacts, vault_keys

__all__ = [
    "FRESH",
    "INTENTS",
    "MILLION",
    "TRIED",
    "Key",
    "UtcDateTime",
    "access_keys",
    "ask_lane",
    "awaited_rooms",
    "claim_corrections",
    "claim_rounds",
    "clicks",
    "contact_accesses",
    "contact_hashes",
    "contacts",
    "conversion_credits",
    "conversion_links",
    "conversions",
    "database_now",
    "dead_letters",
    "decision_labels",
    "decisions",
    "earlier_versions",
    "experiments",
    "exposures",
    "hook_deliveries",
    "hooks",
    "impressions",
    "inbox",
    "lane_pauses",
    "lead_actions",
    "lead_changes",
    "leads",
    "leaving_rooms",
    "listened_sources",
    "llm_attempts",
    "llm_replies",
    "messages",
    "metadata",
    "positions",
    "retractions",
    "runs",
    "shard_places",
    "source_gaps",
    "tombstones",
    "vault_keys",
    "web_sessions",
]
