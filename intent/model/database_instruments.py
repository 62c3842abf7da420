"""The metrics that are read from the database, so that they survive every crash."""

from __future__ import annotations

from intent.model.attempt import Outcome
from intent.model.hook import DeliveryState, HookState
from intent.model.instruments import Instrument, InstrumentKind, Teller
from intent.model.listening import SourceState

_COUNTER, _GAUGE = InstrumentKind.COUNTER, InstrumentKind.GAUGE

DATABASE_UP = Instrument(
    "database_up",
    _GAUGE,
    Teller.DATABASE,
    "1 where the database answered in time; with 0 nothing else is told of it.",
)
SCHEMA = Instrument(
    "schema_info",
    _GAUGE,
    Teller.DATABASE,
    "1, with the migration that the database is at.",
    {"migration": ()},
)
INBOX = Instrument(
    "inbox_messages",
    _GAUGE,
    Teller.DATABASE,
    "Messages that wait for a decision: fresh, claimed by a worker, or to be tried again.",
    {"state": ("fresh", "claimed", "again")},
)
INBOX_AGE = Instrument(
    "inbox_oldest_age_seconds",
    _GAUGE,
    Teller.DATABASE,
    "How long the first of them has waited; 0 where none does.",
    ages=True,
)
DECISION_AGE = Instrument(
    "last_decision_age_seconds",
    _GAUGE,
    Teller.DATABASE,
    "Time since the newest decision was stored; absent where there is none.",
    ages=True,
)
LANE = Instrument(
    "ask_lane_questions",
    _GAUGE,
    Teller.DATABASE,
    "Questions that wait for the LLM, by why they were put.",
    {"priority": ("live", "upgrade", "backfill")},
)
LANE_AGE = Instrument(
    "ask_lane_oldest_age_seconds",
    _GAUGE,
    Teller.DATABASE,
    "How long the oldest of them has waited; 0 where none does.",
    ages=True,
)
LANE_PAUSED = Instrument("ask_lane_paused", _GAUGE, Teller.DATABASE, "1 while the lane is paused.")
DEAD = Instrument(
    "dead_letters",
    _GAUGE,
    Teller.DATABASE,
    "Dead letters that are kept: refused at the door, in conflict with a known id, or undecided.",
    {"cause": ("refused", "conflicting", "undecided")},
)
GAPS_OPEN = Instrument(
    "gaps_open", _GAUGE, Teller.DATABASE, "Rooms in which a source sees nothing right now."
)
GAPS = Instrument(
    "gaps_total",
    _COUNTER,
    Teller.DATABASE,
    "Stretches in which a source was blind, those that last included.",
)
SOURCES = Instrument(
    "sources",
    _GAUGE,
    Teller.DATABASE,
    "Sources that are or were listened to, by their state; gone: their process says nothing more.",
    {"state": (*(state.value for state in SourceState), "gone")},
)
SOURCE_MESSAGES = Instrument(
    "source_messages_total", _COUNTER, Teller.DATABASE, "Messages that live sources handed over."
)
SOURCE_DROPPED = Instrument(
    "source_dropped_total",
    _COUNTER,
    Teller.DATABASE,
    "Messages of live sources that found no room to wait.",
)
SOURCE_RECONNECTS = Instrument(
    "source_reconnects_total",
    _COUNTER,
    Teller.DATABASE,
    "How often live sources were lost and connected again.",
)
LLM_CALLS = Instrument(
    "llm_calls_total",
    _COUNTER,
    Teller.DATABASE,
    "Calls booked on this day (UTC), by how they ended; begins again at midnight.",
    {"outcome": tuple(one.value for one in Outcome)},
)
LLM_TOKENS = Instrument(
    "llm_tokens_total",
    _COUNTER,
    Teller.DATABASE,
    "Tokens booked on this day (UTC); cached ones are part of the input.",
    {"kind": ("input", "cached", "output")},
)
LLM_COST = Instrument(
    "llm_cost_dollars_total",
    _COUNTER,
    Teller.DATABASE,
    "Dollars booked on this day (UTC); begins again at midnight.",
)
LLM_SPEND = Instrument(
    "llm_spend_dollars",
    _GAUGE,
    Teller.DATABASE,
    "Dollars booked in this calendar hour and on this day (UTC).",
    {"window": ("hour", "day")},
)
LLM_BUDGET = Instrument(
    "llm_budget_dollars",
    _GAUGE,
    Teller.DATABASE,
    "Dollars that the LLM may cost in an hour and on a day; absent where there is no limit.",
    {"window": ("hour", "day")},
)
HOOKS = Instrument(
    "hooks",
    _GAUGE,
    Teller.DATABASE,
    "Receivers of leads, by whether anything is sent to them.",
    {"state": tuple(one.value for one in HookState)},
)
HOOK_DELIVERIES = Instrument(
    "hook_deliveries",
    _GAUGE,
    Teller.DATABASE,
    "Leads that are or were pushed to a receiver, as far as they are kept.",
    {"state": tuple(one.value for one in DeliveryState)},
)
HOOK_AGE = Instrument(
    "hook_oldest_age_seconds",
    _GAUGE,
    Teller.DATABASE,
    "How long the oldest waits that an active receiver has not accepted; 0 where none does.",
    ages=True,
)
TOMBSTONES = Instrument(
    "tombstones", _GAUGE, Teller.DATABASE, "People, messages and rooms that were forgotten."
)

OF_DATABASE = tuple(one for one in list(vars().values()) if isinstance(one, Instrument))
"""All of them, in the order in which the documentation shows them."""
