"""What is kept of replies that were paid for, and how it is read again: a reply under the hash of
its request, and each message's part of it under the message's key.
"""

from __future__ import annotations

import json

from intent.classify.llm.reply import Asked, Verdict, read_reply
from intent.model.attempt import Outcome
from intent.model.completion import Completion
from intent.model.taxonomy import Taxonomy

KEPT = frozenset({Outcome.REFUSED, Outcome.TRUNCATED, Outcome.FILTERED})
"""Outcomes that are kept as they are, beside answers: they were paid for, and asking again would
not change them. Anything else is no reply of the model.
"""

_ALONE = "m"
"""The id under which a single message's part of a reply is kept."""


def as_kept(completion: Completion) -> bytes:
    """Return a reply as it is kept."""
    return json.dumps(
        {"outcome": completion.outcome.value, "text": completion.text}, ensure_ascii=False
    ).encode("utf-8")


def from_kept(kept: bytes) -> Completion:
    """Return a reply that was kept."""
    value = json.loads(kept)
    return Completion(Outcome(value["outcome"]), value["text"])


def part_as_kept(verdict: Verdict, taxonomy: Taxonomy) -> bytes:
    """Return one message's part of a reply as a reply of its own, contact details still
    disguised.
    """
    codes = [label.code for label in taxonomy.labels if label.name in verdict.labels]
    slots = [{"id": _ALONE, "kind": slot.kind, "text": slot.text} for slot in verdict.slots]
    return json.dumps(
        {"labels": [{"id": _ALONE, "is": codes}], "slots": slots}, ensure_ascii=False
    ).encode("utf-8")


def part_from_kept(kept: bytes, asked: Asked, taxonomy: Taxonomy) -> Verdict | None:
    """Return what was said of a message, or None where it can no longer be read."""
    reading = read_reply(kept.decode("utf-8"), {_ALONE: asked}, taxonomy)
    return reading.verdicts.get(_ALONE) if reading is not None else None
