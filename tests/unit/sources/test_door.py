"""The door: the same rules of identity, time and size for every source."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from intent.model.batch import Refused, Retraction
from intent.model.message import Message, wire
from intent.sources.door import MAX_PAYLOAD_BYTES, Door
from tests.conftest import EPOCH, MakeMessage

NOW = EPOCH
VALUES: dict[str, Any] = {
    "platform": "telegram",
    "room_id": -1001,
    "message_id": 7,
    "user_id": 42,
    "kind": "chat",
    "text": "price for three?",
    "sent_at": EPOCH,
}


@pytest.fixture
def door() -> Door:
    return Door(now=lambda: NOW)


def test_what_a_source_has_collected_is_a_message_with_ids_as_text(door: Door) -> None:
    message = door.message(VALUES, "update 9")
    assert isinstance(message, Message)
    assert (message.room_id, message.message_id, message.user_id) == ("-1001", "7", "42")


def test_an_id_in_hexadecimal_is_no_rounded_number(door: Door) -> None:
    message = door.message({**VALUES, "message_id": "7e18", "user_id": "12E34"}, "row 1")
    assert isinstance(message, Message)
    assert (message.message_id, message.user_id) == ("7e18", "12E34")


@pytest.mark.parametrize("fraction", [".123456", ".1234567", ".123456789"])
@pytest.mark.parametrize("zone", ["Z", "+00:00", "+0000"])
def test_times_may_be_finer_than_we_keep_them(fraction: str, zone: str, door: Door) -> None:
    message = door.message({**VALUES, "sent_at": f"2026-11-20T11:59:59{fraction}{zone}"}, "row 1")
    assert isinstance(message, Message)
    assert message.sent_at.isoformat() == "2026-11-20T11:59:59.123456+00:00"


def test_the_wires_message_comes_out_equal(door: Door, make_message: MakeMessage) -> None:
    message = make_message()
    assert door.payload(wire(message), "line 1") == message
    assert door.message(message.model_dump(mode="json"), "line 1") == message


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"message_id": 2**53}, "message_id: is a number of 2^53 or more"),
        ({"message_id": None}, "message_id: Input should be a valid string"),
        ({"message_id": 7.1e18}, "message_id: is a number with a fraction or an exponent"),
        ({"message_id": 42.5}, "message_id: is a number with a fraction"),
        ({"message_id": "7.1E+18"}, "message_id: is a long number that a spreadsheet has rounded"),
        ({"user_id": "6,98E+18"}, "user_id: is a long number that a spreadsheet has rounded"),
        ({"user_id": None}, "user_id: the author is missing"),
        ({"user_id": ""}, "user_id: the author is missing"),
        ({"text": "x" * 9000}, "text: is 9000 bytes long, the limit is 8192"),
        ({"user_id": "\ud83d"}, "user_id: Input should be a valid string"),
        ({"room_id": "a\0b"}, "room_id: holds a NUL character"),
        ({"sent_at": 1_700_000_000}, "sent_at: must be an RFC 3339 time"),
        ({"sent_at": datetime(2026, 1, 1)}, "sent_at: Input should have timezone info"),
        ({"sent_at": object()}, "sent_at: must be an RFC 3339 time"),
        ({"context": 3}, "context: "),
        ({"sent_at": NOW + timedelta(days=1, seconds=1)}, "sent_at: lies more than a day ahead"),
    ],
)
def test_what_is_wrong_is_refused_with_its_reason_and_ends_nothing(
    changes: dict[str, Any], reason: str, door: Door
) -> None:
    refused = door.message({**VALUES, **changes}, "update 9")
    assert isinstance(refused, Refused)
    assert refused.reason.startswith(reason)
    assert refused.position == "update 9"
    assert refused.digest == hashlib.sha256(refused.payload).hexdigest()


def test_half_a_character_costs_no_more_than_itself(door: Door) -> None:
    message = door.message({**VALUES, "text": "two \ud83d please \ud83d\udc4d"}, "update 9")
    assert isinstance(message, Message)
    assert message.text == "two \ufffd please \U0001f44d"


def test_up_to_a_day_ahead_a_clock_is_only_wrong(door: Door) -> None:
    in_time = {**VALUES, "sent_at": NOW + timedelta(days=1)}
    assert isinstance(door.message(in_time, "update 9"), Message)


def test_a_refused_message_still_names_its_author(door: Door) -> None:
    refused = door.message({**VALUES, "text": "x" * 9000}, "update 9")
    assert isinstance(refused, Refused)
    assert json.loads(refused.payload)["user_id"] == 42


def test_a_payload_that_is_too_long_is_kept_in_part(door: Door) -> None:
    payload = b"{" + b" " * MAX_PAYLOAD_BYTES + b"}"
    refused = door.payload(payload, "request 1")
    assert isinstance(refused, Refused)
    assert refused.reason == f"is {len(payload)} bytes long, the limit is {MAX_PAYLOAD_BYTES}"
    assert refused.payload == payload[:MAX_PAYLOAD_BYTES]
    assert refused.digest == hashlib.sha256(payload).hexdigest()


def test_ids_that_are_unique_in_a_room_only_get_the_room(make_message: MakeMessage) -> None:
    message = make_message(message_id="1", room_id="-1001", reply_to="2")
    read = Door(room_ids=True, now=lambda: NOW).payload(wire(message), "line 1")
    assert isinstance(read, Message)
    assert read.reply_to is not None
    assert (read.message_id, read.reply_to.message_id) == ("-1001:1", "-1001:2")


def test_a_retraction_names_what_the_message_is_called(door: Door) -> None:
    values = {"platform": "telegram", "room_id": -1001, "message_id": 7, "at": "2026-11-20T12:00Z"}
    assert door.retraction(values, "x") == Retraction("telegram", "-1001", EPOCH, "7")
    scoped = Door(room_ids=True, now=lambda: NOW).retraction({**values, "by": "author"}, "x")
    assert scoped == Retraction("telegram", "-1001", EPOCH, "-1001:7", by="author")
    ban = {"platform": "twitch", "room_id": "r", "user_id": 42, "at": EPOCH}
    assert door.retraction(ban, "x") == Retraction("twitch", "r", EPOCH, user_id="42")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"at": None}, "at: "),
        ({"at": NOW + timedelta(days=2)}, "at: lies more than a day ahead"),
        ({"by": "a passer-by"}, "by: "),
        ({"message_id": "x" * 201}, "message_id: String should have at most 200 characters"),
    ],
)
def test_a_retraction_that_is_wrong_is_refused_with_its_reason(
    changes: dict[str, Any], reason: str, door: Door
) -> None:
    refused = door.retraction({"platform": "p", "room_id": "r", "at": EPOCH, **changes}, "x")
    assert isinstance(refused, Refused)
    assert refused.reason.startswith(reason)
