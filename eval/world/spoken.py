"""Puts what was asked and said into messages, and what was decided of them, when, and again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.world.decided import MeasuredDecisions
from eval.world.happening import Happened
from eval.world.knobs import WorldKnobs
from eval.world.population import MINUTE, SECOND, Floats, Integers
from intent.features.definitions.events import MEASURED_CODE, MESSAGE_CODE
from intent.store.schema import INTENTS

WANTED = {
    "purchase_intent": 0.26,
    "price_inquiry": 0.22,
    "availability_inquiry": 0.13,
    "product_inquiry": 0.16,
    "shipping_inquiry": 0.07,
    "store_location": 0.05,
    "contact_request": 0.05,
    "appointment_booking": 0.03,
    "quote_request": 0.03,
}
"""What people ask who need what is on sale."""

_CHATTED = {
    "chatter": 0.87,
    "customer_support": 0.04,
    "objection": 0.03,
    "spam": 0.03,
    "product_inquiry": 0.015,
    "price_inquiry": 0.015,
}
"""What other messages are; some ask without a need."""

_NO_DEMAND = 1 << MESSAGE_CODE | 1 << MEASURED_CODE
"""What a host says counts as a message alone."""

_HOST = INTENTS.index("chatter")
_FASTEST = SECOND // 5


@dataclass(frozen=True)
class Said:
    """Messages in the order in which they were said; times are microseconds since the beginning.

    Attributes:
        row: of the impression that it came by.
        by_host: it is the host's reply; ``reply_to`` is the number of the message, else -1.
        at: when it was said.
        asks: it came of a need.
        label: number of the right label, before and after labels were dealt out anew for the knob
            ``information``: what its author wants, and what its words say.
        decision: number of the local model's decision.
    """

    row: Integers
    by_host: NDArray[np.bool_]
    reply_to: Integers
    at: Integers
    asks: NDArray[np.bool_]
    wanted: Integers
    label: Integers
    decision: Integers


@dataclass(frozen=True)
class WorldRevisions:
    """Decisions of messages in the order in which they were known.

    Attributes:
        message: its number.
        revision: 0 is the local one, 1 the LLM's answer.
        known: microseconds since the beginning.
        mask, probabilities: what it counts as to features.
    """

    message: Integers
    revision: Integers
    known: Integers
    mask: Integers
    probabilities: Integers


def watched(happened: Happened, chance: np.random.Generator) -> tuple[Integers, Integers]:
    """Return for every impression when it was clicked, and for how many microseconds it was
    watched; for those without a click too.
    """
    pause = (happened.position + chance.exponential(3.0, len(happened.at))) * SECOND
    median = np.where(happened.match, 120.0, 45.0)
    seconds = np.minimum(median * np.exp(chance.normal(0, 1.1, len(median))), 7_200)
    return happened.at + pause.astype(np.int64), (seconds * SECOND).astype(np.int64)


def said(
    happened: Happened,
    clicked_at: Integers,
    watch: Integers,
    knobs: WorldKnobs,
    decisions: MeasuredDecisions,
    chance: np.random.Generator,
) -> Said:
    """Return all messages: what viewers write while they watch, and what hosts answer."""
    asking, chatting = (
        np.flatnonzero(happened.asked),
        np.repeat(np.arange(len(happened.chats)), happened.chats),
    )
    row = np.concatenate([asking, chatting])
    asks = np.arange(len(row)) < len(asking)
    share = chance.uniform(0.05, 0.9, len(row))
    at = clicked_at[row] + (share * np.minimum(watch[row], 20 * MINUTE)).astype(np.int64)
    wanted = np.where(asks, _labels(WANTED, len(row), chance), _labels(_CHATTED, len(row), chance))
    label = _dealt_anew(wanted, knobs.information, chance)
    order = np.argsort(at, kind="stable")
    row, asks, at = row[order], asks[order], at[order]
    wanted, label = wanted[order], label[order]
    answered = np.flatnonzero(asks & happened.replied[row])
    pause = (chance.exponential(20.0, len(answered)) + 5) * SECOND
    everything = np.argsort(np.concatenate([at, at[answered] + pause.astype(np.int64)]))
    place = np.argsort(everything)
    hosts = np.full(len(answered), _HOST)
    label = np.concatenate([label, hosts])[everything]
    return Said(
        row=np.concatenate([row, row[answered]])[everything],
        by_host=everything >= len(row),
        reply_to=np.concatenate([np.full(len(row), -1), place[answered]])[everything],
        at=np.concatenate([at, at[answered] + pause.astype(np.int64)])[everything],
        asks=np.concatenate([asks, np.zeros(len(answered), dtype=bool)])[everything],
        wanted=np.concatenate([wanted, hosts])[everything],
        label=label,
        decision=decisions.draw(label, chance),
    )


def revisions(
    said: Said, knobs: WorldKnobs, decisions: MeasuredDecisions, chance: np.random.Generator
) -> WorldRevisions:
    """Return the local decision of each message, known within seconds, and the answers of the LLM
    about those that the thresholds that ship would ask about.
    """
    number = np.arange(len(said.at))
    first = said.at + _FASTEST + _latency(1.2, 0.8, len(number), chance)
    local_mask = np.where(said.by_host, _NO_DEMAND, decisions.masks[said.decision])
    local = decisions.probabilities[said.decision] * ~said.by_host[:, None]
    asked = decisions.asked[said.decision] & ~said.by_host & (knobs.answer_seconds > 0)
    answered = number[asked]
    label = np.where(
        chance.random(len(answered)) < knobs.answer_right,
        said.label[answered],
        chance.integers(0, len(INTENTS), len(answered)),
    )
    second = first[answered] + _latency(knobs.answer_seconds, 1.0, len(answered), chance)
    known = np.concatenate([first, second]) - round(knobs.leak * MINUTE)
    order = np.argsort(known, kind="stable")
    return WorldRevisions(
        message=np.concatenate([number, answered])[order],
        revision=np.repeat([0, 1], [len(number), len(answered)])[order],
        known=known[order],
        mask=np.concatenate([local_mask, decisions.answer_masks[label]])[order],
        probabilities=np.concatenate([local, decisions.answer_probabilities[label]])[order],
    )


def _labels(shares: dict[str, float], size: int, chance: np.random.Generator) -> Integers:
    numbers = [INTENTS.index(name) for name in shares]
    given = np.array(list(shares.values()))
    return chance.choice(numbers, size, p=given / given.sum())


def _dealt_anew(wanted: Integers, information: float, chance: np.random.Generator) -> Integers:
    """Return labels of which a share says what is wanted; the others change places by chance."""
    label = wanted.copy()
    moved = np.flatnonzero(chance.random(len(label)) >= information)
    label[moved] = wanted[chance.permutation(moved)]
    return label


def _latency(median: float, sigma: float, size: int, chance: np.random.Generator) -> Integers:
    seconds: Floats = median * np.exp(chance.normal(0, sigma, size))
    return (seconds * SECOND).astype(np.int64)
