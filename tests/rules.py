"""Writes down what the deciding rules return for the texts of ``tests/data/rules.jsonl``: one digest
a part, under the number of the rules.

``python -m tests.rules`` adds the digests of a new number; those of a number that is there already
are never written again, for decisions carry it.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

import numpy as np

from intent.classify.cache import remembered_as
from intent.classify.contacts import find_contacts
from intent.classify.folding import fold
from intent.classify.local.choice import Rule
from intent.classify.local.encoder_input import encoder_input
from intent.classify.local.ngrams import featurise
from intent.classify.local.rules import RULES
from intent.classify.slots.find import contact_spans, find_contact_slots
from intent.classify.slots.lexicon import load_lexicon
from intent.classify.slots.token_features import Reader
from intent.classify.slots.word_kinds import WordKinds
from intent.model.message import Message

DATA = Path(__file__).parent / "data"
TEXTS, DIGESTS = DATA / "rules.jsonl", DATA / "rules.json"
KINDS = WordKinds(("▁dress", "▁bo", "xes", "黑色", "เสื้อ"), np.zeros((5, 2), dtype=np.uint16))
"""A few pieces, as words of unspaced scripts end where those of the tagger do."""

SENT = {
    "platform": "p",
    "room_id": "r",
    "message_id": "m",
    "user_id": "u",
    "kind": "comment",
    "sent_at": "2026-11-20T12:00:00Z",
}


def messages() -> list[Message]:
    """Return the fixed texts, each in its situation."""
    lines = TEXTS.read_text(encoding="utf-8").splitlines()
    return [Message.model_validate({**SENT, **json.loads(line)}) for line in lines]


def digests() -> dict[str, str]:
    """Return for each part of the rules twelve digits of the SHA-256 of all that it returns."""
    reader = Reader(load_lexicon(KINDS))
    parts: dict[str, Callable[[Message], object]] = {
        "folding": lambda message: fold(message.text),
        "encoder input": lambda message: astuple(encoder_input(message)),
        "n-grams": lambda message: _features(message),
        "contacts": lambda message: [astuple(found) for found in find_contacts(message.text)],
        "slots": lambda message: [
            [astuple(slot) for slot in find_contact_slots(message.text)],
            astuple(reader.read(message, ("purchase_intent",), contact_spans(message.text))),
        ],
        "cache key": lambda message: remembered_as(message),
    }
    fixed = messages()
    return {name: _digest([part(message) for message in fixed]) for name, part in parts.items()} | {
        "choice": _digest(_choices())
    }


def _features(message: Message) -> object:
    read = encoder_input(message)
    return featurise(message, read.text)


def _choices() -> list[object]:
    """Return what is chosen from every mix of low, middling and high probabilities."""
    labels = ("buy", "price", "spam", "chatter")
    given = {"leads": frozenset(labels[:2]), "alone": frozenset(labels[2:])}
    thresholds = (0.3, 0.5, 0.4, 0.6)
    rules = [
        Rule(labels, **given, thresholds=thresholds, lead_threshold=lead, exclusive=exclusive)
        for lead, exclusive in ((0.5, False), (None, False), (None, True))
    ]
    mixes = itertools.product((0.1, 0.45, 0.8), repeat=4)
    return [rule.choose(mix, lead) for mix in mixes for lead in (0.2, 0.5, 0.9) for rule in rules]


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode("utf-8")).hexdigest()[:12]


def known() -> dict[str, dict[str, str]]:
    """Return the digests that are written down, by number."""
    written: dict[str, dict[str, str]] = json.loads(DIGESTS.read_text(encoding="utf-8"))
    return written


if __name__ == "__main__":
    before = known() if DIGESTS.exists() else {}
    if before.get(str(RULES), digests()) != digests():
        raise SystemExit(f"RULES {RULES} is written down with other digests; raise RULES first")
    DIGESTS.write_text(
        json.dumps({**before, str(RULES): digests()}, indent=1) + "\n", encoding="utf-8"
    )
