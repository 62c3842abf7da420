"""The figures of a way of asking, and what follows without asking anybody: the pace of a stream,
and the price of answers that are spelled out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from intent.classify.llm.models import Prices
from intent.classify.llm.tokens import estimate_tokens
from intent.model.decision import Decision
from intent.model.message import Message

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Quality:
    """How good local decisions are: F1 of *is a lead*, and the mean F1 of the labels that occur;
    None without messages or labels.
    """

    lead_f1: float | None = None
    macro_f1: float | None = None


@dataclass(frozen=True, slots=True)
class WayOfAsking:
    """One way of asking; tokens and dollars are for a million messages that come in.

    Attributes:
        share: of the messages that were asked.
        batch: messages in a call, on average.
        prefixes: different stable prefixes among the requests; 1 is what caching needs.
        all, settled: quality of the local decisions on all messages, and on those that were not
            asked.
    """

    name: str
    messages: int
    share: float
    calls: int
    batch: float
    input_tokens: float
    cached_tokens: float
    output_tokens: float
    dollars: float
    prefixes: int
    all: Quality = Quality()
    settled: Quality = Quality()


def fill(messages: Sequence[Message], gather: float, most: int = 20) -> float:
    """Return how many messages a call would hold on average if they were asked at the pace at which
    they were said.

    Args:
        messages: those that are asked.
        gather: seconds that a room waits for more before fewer than ``most`` are asked.
    """
    rooms: dict[tuple[str, str], list[float]] = {}
    for message in messages:
        rooms.setdefault((message.platform, message.room_id), []).append(
            message.sent_at.timestamp()
        )
    calls = 0
    for times in rooms.values():
        opened, held = float("-inf"), most
        for moment in sorted(times):
            if held == most or moment > opened + gather:
                calls, opened, held = calls + 1, moment, 0
            held += 1
    return len(messages) / calls if calls else 0.0


def spelled_out(
    single: WayOfAsking,
    decisions: Sequence[Decision],
    prices: Prices,
    slots: Sequence[str],
    *,
    cached: bool,
) -> WayOfAsking:
    """Return what one message a call costs with answers as the usual libraries ask for them: names
    spelled out, every field, null where empty.

    Args:
        single: one message a call as measured, with our compact answers; its input is taken over.
        cached: the server caches the prefix as it did when measured; without, every token is paid
            in full, as for prompts that are too short to be cached or that begin with what differs.
    """
    answers = sum(estimate_tokens(_spelled_out(decision, slots)) for decision in decisions)
    output = MILLION / len(decisions) * answers
    in_cache = single.cached_tokens if cached else 0.0
    held = prices.input if prices.cached is None else prices.cached
    dollars = (
        (single.input_tokens - in_cache) * prices.input + in_cache * held + output * prices.output
    ) / MILLION
    name = (
        f"(a) one message a call, spelled-out answers, "
        f"{'prefix cached' if cached else 'nothing cached'}"
    )
    return replace(single, name=name, cached_tokens=in_cache, output_tokens=output, dollars=dollars)


def _spelled_out(decision: Decision, slots: Sequence[str]) -> str:
    found = {
        kind: [slot.text for slot in decision.slots if slot.kind == kind] or None for kind in slots
    }
    return json.dumps(
        {
            "labels": decision.labels,
            "is_lead": decision.is_lead,
            "confidence": 0.95,
            "slots": found,
        },
        ensure_ascii=False,
    )
