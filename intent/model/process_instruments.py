"""The metrics that processes tell of themselves: lags, times of steps, and what they counted."""

from __future__ import annotations

from intent.model.attempt import Outcome
from intent.model.instruments import Instrument, InstrumentKind, Teller

_COUNTER, _GAUGE, _HISTOGRAM = (
    InstrumentKind.COUNTER,
    InstrumentKind.GAUGE,
    InstrumentKind.HISTOGRAM,
)

STEP_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
CALL_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0)
LAG_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
MESSAGES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)

DECIDERS = {"decided_by": ("local", "llm", "human", "platform")}

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

BUILD = Instrument(
    "build_info", _GAUGE, Teller.PROCESS, "1, with the version of the code.", {"version": ()}
)

ACCEPTED = Instrument(
    "accepted_total",
    _COUNTER,
    Teller.DOOR,
    "Messages and payloads that were put, by what became of them.",
    {"result": ("new", "repeated", "refused", "edited", "conflicting", "retracted", "erased")},
)
SAID_TO_STORED = Instrument(
    "said_to_stored_seconds",
    _HISTOGRAM,
    Teller.DOOR,
    "From when a message was said until it was stored, clocks of platform and process.",
    buckets=LAG_SECONDS,
)

BATCH = Instrument(
    "batch_messages",
    _HISTOGRAM,
    Teller.WORKER,
    "Messages of a batch that was decided at once.",
    buckets=MESSAGES,
)
CLAIM = Instrument(
    "claim_seconds",
    _HISTOGRAM,
    Teller.WORKER,
    "Time to claim a batch, where there was one.",
    buckets=STEP_SECONDS,
)
DECIDE = Instrument(
    "decide_seconds",
    _HISTOGRAM,
    Teller.WORKER,
    "Time in which the local model decided a batch.",
    buckets=STEP_SECONDS,
)
FINISH = Instrument(
    "finish_seconds",
    _HISTOGRAM,
    Teller.WORKER,
    "Time of the transaction that stores a batch's decisions, waiting for the database included.",
    buckets=STEP_SECONDS,
)
SAID_TO_DECIDED = Instrument(
    "said_to_decided_seconds",
    _HISTOGRAM,
    Teller.WORKER,
    "From when a message was said until its decision was stored, clocks of platform and process.",
    buckets=LAG_SECONDS,
)
ACCEPTED_TO_DECIDED = Instrument(
    "accepted_to_decided_seconds",
    _HISTOGRAM,
    Teller.WORKER,
    "From when a message was accepted until its decision was stored.",
    buckets=LAG_SECONDS,
)
DECIDED = Instrument(
    "decided_total",
    _COUNTER,
    Teller.WORKER,
    "Decisions that were stored, by who made them.",
    DECIDERS,
)
LEADS = Instrument(
    "leads_total", _COUNTER, Teller.WORKER, "Those of them that are leads.", DECIDERS
)
FROM_CACHE = Instrument(
    "decided_from_cache_total",
    _COUNTER,
    Teller.WORKER,
    "Those of them that were copied from an equal message.",
)
UNDECIDED = Instrument(
    "undecided_total",
    _COUNTER,
    Teller.WORKER,
    "Messages that a claim did not decide, by what became of them.",
    {"result": ("given_back", "retried", "dead_lettered", "overtaken")},
)

QUESTIONS = Instrument(
    "questions_total",
    _COUNTER,
    Teller.ASKER,
    "Questions that left the ask lane, by what became of them.",
    {"result": ("improved", "unanswered", "overtaken", "dropped")},
)
LLM_CALL = Instrument(
    "llm_call_seconds",
    _HISTOGRAM,
    Teller.ASKER,
    "Calls of the LLM that this process made, by how they ended.",
    {"outcome": tuple(one.value for one in Outcome if one is not Outcome.REPLAYED)},
    CALL_SECONDS,
)
BREAKER = Instrument(
    "llm_breaker_state",
    _GAUGE,
    Teller.ASKER,
    "1 for the state of the breaker before the LLM: closed lets all calls through, open none.",
    {"state": ("closed", "open", "half_open")},
)

HOOK_CALL = Instrument(
    "hook_call_seconds",
    _HISTOGRAM,
    Teller.HOOKS,
    "Tries to deliver a lead to a webhook, by how they ended.",
    {"outcome": ("delivered", "refused", "unreachable")},
    CALL_SECONDS,
)
CHANGED_TO_PUSHED = Instrument(
    "changed_to_pushed_seconds",
    _HISTOGRAM,
    Teller.HOOKS,
    "From when a change about a lead was put on its way until its receiver accepted it.",
    buckets=LAG_SECONDS,
)

CHANGED_TO_PAGE = Instrument(
    "changed_to_page_seconds",
    _HISTOGRAM,
    Teller.WEB,
    "From when a change about a lead was written, such as a decision, until it was on its way to "
    "the pages that are open.",
    buckets=LAG_SECONDS,
)

HTTP_REQUEST = Instrument(
    "http_request_seconds",
    _HISTOGRAM,
    Teller.WEB,
    "Requests, by the pattern of their route, method and status.",
    {"route": (), "method": METHODS, "status": ()},
    STEP_SECONDS,
)
HTTP_BODY = Instrument(
    "http_request_bytes_total",
    _COUNTER,
    Teller.WEB,
    "Bytes of the bodies that were read.",
    {"route": ()},
)
HTTP_OPEN = Instrument(
    "http_open_requests",
    _GAUGE,
    Teller.WEB,
    "Requests that are being answered now; streams last as long as their page is open.",
)
HTTP_LIMITED = Instrument(
    "http_limited_total",
    _COUNTER,
    Teller.WEB,
    "Requests that were sent away with 429 because too much waits or a limit was reached.",
)

OF_PROCESSES = tuple(one for one in list(vars().values()) if isinstance(one, Instrument))
"""All of them, in the order in which the documentation shows them."""
