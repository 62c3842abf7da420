"""Payloads that are no messages are kept without contact details, and are still somebody's."""

from __future__ import annotations

import json

import pytest

from intent.classify.placeholders import disguise
from intent.model.data_subject import DataSubject, SubjectKind
from intent.store.hidden_payload import hidden_payload
from intent.store.payload_subjects import subjects_of

NUMBER = "0812-3456-7890"


def hidden(payload: str) -> str:
    return hidden_payload(payload.encode(), lambda text: disguise(text).text).decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": f"call {NUMBER}"},
        {"sent_at": NUMBER},
        {"text": 81234567890},
        {"text": ["x", {"deep": NUMBER}]},
        {NUMBER: 1},
    ],
)
def test_whatever_holds_a_number_loses_it_and_ids_and_times_stay(wrong: dict[str, object]) -> None:
    named = {"platform": "tiktok", "user_id": 7012345678901, "sent_at": "2026-11-20T20:00:00+08:00"}
    kept = hidden(json.dumps({**named, **wrong}))
    assert "0812" not in kept
    assert "81234567890" not in kept
    assert DataSubject(SubjectKind.USER, "tiktok", "7012345678901") in subjects_of(kept.encode())
    assert ("2026-11-20T20:00:00+08:00" in kept) == ("sent_at" not in wrong)


def test_a_cut_line_loses_the_number_alone() -> None:
    cut = f'{{"user_id": "7012345678901", "sent_at": "2026-11-20T20:00:00Z", "text": "{NUMBER}'
    assert hidden(cut) == cut.replace(NUMBER, "[phone]")


def test_what_holds_none_stays_byte_for_byte_and_a_name_that_ends_in_a_digit_goes() -> None:
    assert hidden('{"a":  1, "b": "how much?"}') == '{"a":  1, "b": "how much?"}'
    assert hidden("ig @ann_shop9") == "ig [handle]"
