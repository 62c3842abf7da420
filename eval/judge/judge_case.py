"""A case for a judge: one question about what was decided of one message, as it is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.run.shown import shown
from intent.classify.placeholders import disguise
from intent.model.message import Message
from intent.model.taxonomy import Taxonomy

# Signs that spell no word and are not taken for one another.
_SIGNS = "bcdfghjkmnpqrstvwxz23456789"
_ID_LENGTH = 6


@dataclass(frozen=True, slots=True)
class JudgeCase:
    """What is asked.

    Attributes:
        sent: the case as it is sent, with an id that does not stand in any of its texts.
        digest: hash of the question, the message as it is shown, and the decision: the same for
            whatever judge.
    """

    id: str
    question: str
    sent: Mapping[str, Any]
    digest: str


def judge_case(
    message: Message,
    question: str,
    labels: Sequence[str],
    slots: Sequence[tuple[str, str]],
    taxonomy: Taxonomy,
) -> JudgeCase:
    """Make a case of a decision; contact details are disguised in the message and in its slots.

    Args:
        slots: kind and text of each.
    """
    said = {
        "labels": list(labels),
        "lead": bool(taxonomy.leads & set(labels)),
        "slots": [{"kind": kind, "text": _hidden(text, message)} for kind, text in slots],
    }
    about = {"question": question, "message": dict(shown(message)), "decision": said}
    plain = json.dumps(about, sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(plain.encode()).hexdigest()
    found = _id(digest, plain)
    return JudgeCase(found, question, {"id": found, **about}, digest)


def _hidden(text: str, message: Message) -> str:
    """Return a slot as the message is sent: the same placeholder stands for the same detail."""
    for placeholder, original in disguise(message.text).originals.items():
        text = text.replace(original, placeholder)
    return disguise(text).text


def _id(digest: str, plain: str) -> str:
    """Return an id that follows from the case, and that nobody has written into it."""
    while True:
        digest = hashlib.sha256(digest.encode()).hexdigest()
        number, found = int(digest, 16), ""
        for _ in range(_ID_LENGTH):
            number, place = divmod(number, len(_SIGNS))
            found += _SIGNS[place]
        if found not in plain:
            return found
