"""Slots are written as the stored text has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from intent.classify.placeholders import disguise
from intent.classify.stored_slots import StoredSlots
from intent.model.decision import Decision, Slot, Versions
from intent.model.message import Message
from tests.conftest import MakeDecision, MakeMessage


class Finding:
    """Finds the slots that it is told."""

    def __init__(self, decision: Decision, *slots: Slot) -> None:
        self._decision = replace(decision, slots=slots)

    @property
    def versions(self) -> Versions:
        return self._decision.versions

    def classify(self, messages: Sequence[Message]) -> list[Decision]:
        return [self._decision for _ in messages]


def test_a_slot_that_is_a_detail_is_its_placeholder_and_the_others_stay(
    make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    said = make_message("2 pcs, wa 0812-3456-7890 or ann@example.com")
    slots = (
        Slot("quantity", "2 pcs"),
        Slot("contact", "0812-3456-7890"),
        Slot("contact", "wa 0812-3456-7890 or"),
        Slot("contact", "example.com"),
    )
    (decision,) = StoredSlots(Finding(make_decision(), *slots)).classify([said])
    assert [slot.text for slot in decision.slots] == [
        "2 pcs",
        "[phone]",
        "wa [phone] or",
        "[email]",
    ]
    stored = disguise(said.text).text
    assert all(slot.text in stored for slot in decision.slots)


def test_without_details_a_decision_is_the_one_that_was_made(
    make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    classifier = StoredSlots(Finding(make_decision(), Slot("price", "50k")))
    (decision,) = classifier.classify([make_message("50k is fine")])
    assert decision.slots == (Slot("price", "50k"),)
    assert classifier.versions == decision.versions
