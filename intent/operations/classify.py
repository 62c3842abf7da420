"""Reads what is to be decided at once, and writes decisions as lines: nothing is stored."""

from __future__ import annotations

import json
from typing import Any

from intent.model.decision import Decision
from intent.model.errors import Malformed, OperatorError
from intent.model.message import Message, parse_message
from intent.sources.door import MAX_PAYLOAD_BYTES
from intent.sources.lines import Line

_PLAIN = {
    "platform": "none",
    "room_id": "none",
    "user_id": "none",
    "kind": "comment",
    "sent_at": "1970-01-01T00:00:00Z",
}


def message_of(line: Line) -> Message:
    """Return the message of a line: in its wire shape, under ``input`` as in labelled data, or made
    up around a bare text.

    Raises:
        Malformed: it is none of these.
    """
    if line.size > MAX_PAYLOAD_BYTES:
        raise Malformed(f"the line is {line.size} bytes long, the limit is {MAX_PAYLOAD_BYTES}")
    try:
        return parse_message(line.payload)
    except Malformed as error:
        # A line may hold a bare {"text": …}, as training data does, or a labelled row with the
        # message under "input".
        try:
            value = json.loads(line.payload)
        except (ValueError, RecursionError):
            raise error from None
        if isinstance(value, dict) and isinstance(value.get("input"), dict):
            return parse_message(json.dumps(value["input"]).encode("utf-8"))
        if (
            not isinstance(value, dict)
            or set(value) & {"platform", "message_id", "room_id", "kind", "sent_at"}
            or not isinstance(value.get("text"), str)
        ):
            raise
        return parse_message(
            json.dumps(
                {**_PLAIN, "message_id": f"line-{line.number}", "text": value["text"]}
            ).encode("utf-8")
        )


def plain_message(text: str, number: int) -> Message:
    """Return a message of a text that was given on the command line.

    Raises:
        OperatorError: the text is refused.
    """
    try:
        return parse_message(
            json.dumps({**_PLAIN, "message_id": f"text-{number}", "text": text}).encode(
                "utf-8", "surrogatepass"
            )
        )
    except Malformed as error:
        raise OperatorError(f"--text {number} is refused: {error}") from error


def decision_json(message: Message, decision: Decision) -> dict[str, Any]:
    """Return a decision as ``intent classify --json`` prints it."""
    versions = decision.versions
    return {
        "platform": message.platform,
        "message_id": message.message_id,
        "labels": list(decision.labels),
        "is_lead": decision.is_lead,
        "lead_probability": round(decision.lead_probability, 6),
        "probabilities": {name: round(value, 6) for name, value in decision.probabilities.items()},
        "decided_by": decision.decided_by.value,
        "from_cache": decision.from_cache,
        "degraded": decision.degraded,
        "slots": [{"kind": slot.kind, "text": slot.text} for slot in decision.slots],
        "question_type": decision.question_type,
        "versions": {
            "taxonomy": versions.taxonomy,
            "prompt": versions.prompt,
            "model": versions.model,
            "calibration": versions.calibration,
        },
    }
