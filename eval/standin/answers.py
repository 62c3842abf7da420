"""What the stand-in for an LLM says: the labels of a classifier, or those of a few keywords."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from intent.model.message import AuthorRole, Context, Kind, Message, Reply
from intent.model.taxonomy import Taxonomy
from intent.ports.deciding import Classifier

_KEYWORDS = (
    ("how much", "PR"),
    ("berapa", "PR"),
    ("多少钱", "PR"),
    ("cuánto", "PR"),
    ("giá", "PR"),
    ("ราคา", "PR"),
    ("ship", "SH"),
    ("i'll take", "PU"),
    ("mine", "PU"),
    ("got ", "AV"),
    ("book", "AP"),
    ("call me", "CO"),
    ("[phone", "CO"),
    ("fake", "OB"),
    ("refund", "CS"),
    ("follow me", "SP"),
)


Judging = Callable[[Mapping[str, Any], bool], Mapping[str, str]]
"""Answers a judge's case; told whether no is named before yes."""


def agreeable(case: Mapping[str, Any], swapped: bool) -> Mapping[str, str]:  # noqa: ARG001
    """Say yes to everything: a judge that is worth nothing."""
    return {"answer": "yes", "why": "why not"}


def judged(asked: Mapping[str, Any], body: Mapping[str, Any], judge: Judging) -> dict[str, Any]:
    """Return the reply to a judge's case."""
    answer = body["response_format"]["json_schema"]["schema"]["properties"]["answer"]
    return {"id": asked["case"]["id"], **judge(asked["case"], answer["enum"][0] == "no")}


def decide(
    asked: Mapping[str, Any], classifier: Classifier | None, taxonomy: Taxonomy, turn: Lock
) -> dict[str, Any]:
    """Return the reply to a batch: by a classifier, one thread at a time, or by a few keywords; no
    edit for whoever asks to reflect on a prompt.
    """
    if "messages" not in asked:
        return {"why": "nobody reflects here", "edits": []}
    if classifier is None:
        labels = [{"id": one["id"], "is": _by_keywords(one["text"])} for one in asked["messages"]]
        return {"labels": labels, "slots": []}
    codes = {label.name: label.code for label in taxonomy.labels}
    with turn:
        decisions = classifier.classify(
            [_message(one, asked.get("room", {})) for one in asked["messages"]]
        )
    pairs = list(zip(asked["messages"], decisions, strict=True))
    slots = [
        {"id": one["id"], "kind": slot.kind, "text": slot.text}
        for one, decision in pairs
        if decision.is_lead
        for slot in decision.slots
    ]
    return {
        "labels": [
            {"id": one["id"], "is": [codes[name] for name in decision.labels]}
            for one, decision in pairs
        ],
        "slots": slots,
    }


def _by_keywords(text: str) -> list[str]:
    found = list(dict.fromkeys(code for word, code in _KEYWORDS if word in text.lower()))
    return ["SP"] if "SP" in found else found or ["CH"]


def _message(one: Mapping[str, Any], room: Mapping[str, Any]) -> Message:
    reply = one.get("reply_to")
    return Message(
        platform="standin",
        room_id="standin",
        message_id=one["id"],
        user_id="standin",
        kind=Kind(one.get("kind", "comment")),
        text=one["text"],
        sent_at=datetime(2026, 1, 1, tzinfo=UTC),
        context=Context(
            offer=one.get("offer", room.get("offer")), item=one.get("item", room.get("item"))
        ),
        author_role=AuthorRole(one.get("role", "viewer")),
        reply_to=Reply(text=reply) if reply else None,
    )
