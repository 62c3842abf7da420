"""The door: what is let in, what is refused, and with which words."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.model.errors import Malformed
from intent.model.message import AuthorRole, Kind, Message, parse_message, wire

PLAIN = {
    "platform": "tiktok",
    "room_id": "r",
    "message_id": "m",
    "user_id": "u",
    "kind": "comment",
    "text": "how much?",
    "sent_at": "2026-11-20T20:00:00+08:00",
}


def payload(**changes: Any) -> bytes:
    return json.dumps({**PLAIN, **changes}).encode()


def test_a_time_is_held_in_utc() -> None:
    assert parse_message(payload()).sent_at == datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_unknown_keys_are_dropped_and_nothing_else_is_lost() -> None:
    message = parse_message(
        payload(
            likes=3,
            author_role="host",
            lang="en",
            item_id="i",
            category_id="k",
            creator_id="c",
            context={"offer": "soap", "item": "rose"},
        )
    )
    assert message.author_role is AuthorRole.HOST
    assert (message.lang, message.item_id, message.creator_id) == ("en", "i", "c")
    assert message.category_id == "k"
    assert message.context is not None
    assert (message.context.offer, message.context.item) == ("soap", "rose")


def test_a_reply_may_be_an_id_or_an_object() -> None:
    for wire_value in ("m0", {"message_id": "m0"}):
        reply = parse_message(payload(reply_to=wire_value)).reply_to
        assert reply is not None
        assert reply.message_id == "m0"


def test_an_optional_key_may_be_null() -> None:
    optional = dict.fromkeys(
        ("creator_id", "item_id", "category_id", "context", "author_role", "reply_to", "lang")
    )
    assert parse_message(payload(**optional)) == parse_message(payload())


@pytest.mark.parametrize(
    "text", ["", " ", "👍", "a" * 8192, "‮ rtl", "{{ 7*7 }}", "'; DROP TABLE messages; --"]
)
def test_any_text_up_to_8_kb_is_a_message(text: str) -> None:
    assert parse_message(payload(text=text)).text == text


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b"", "Invalid JSON"),
        (b"{", "Invalid JSON"),
        (b"\xff\xfe", "is no UTF-8 at byte 0"),
        (b"[1]", "object"),
        (b"null", "object"),
        (b"[" * 10_000, "recursion limit"),
        (payload(text=None), "text"),
        (payload(text="a\x00b"), "text: holds a NUL character"),
        (payload(text="é" * 4097), "text: is 8194 bytes long, the limit is 8192"),
        (payload(user_id="\x00"), "user_id: holds a NUL character"),
        (payload(user_id=7.5), "user_id: is a number with a fraction"),
        (payload(message_id=""), "message_id"),
        (payload(message_id="x" * 201), "message_id"),
        (payload(kind="shout"), "kind"),
        (payload(author_role="king"), "author_role"),
        (payload(sent_at="2026-11-20T20:00:00"), "sent_at: Input should have timezone info"),
        (payload(sent_at=1_700_000_000), "sent_at: must be an RFC 3339 time"),
        (payload(sent_at="2026-11-20"), "sent_at: must be an RFC 3339 time"),
        (payload(sent_at="0001-01-01T00:00:00+14:00"), "sent_at: lies outside"),
        (payload(context="soap"), "context"),
        (
            json.dumps({key: value for key, value in PLAIN.items() if key != "room_id"}).encode(),
            "room_id: Field required",
        ),
    ],
)
def test_what_is_no_message_is_refused_with_its_reason(broken: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason.replace("(", r"\(")):
        parse_message(broken)


def test_a_refusal_never_quotes_the_payload() -> None:
    with pytest.raises(Malformed) as refused:
        parse_message(payload(kind="my number is 555-0100"))
    assert "555" not in str(refused.value)


@given(
    text=st.text(max_size=200).filter(lambda value: "\x00" not in value),
    role=st.sampled_from(AuthorRole),
    kind=st.sampled_from(Kind),
    item=st.none() | st.text(max_size=20).filter(lambda value: "\x00" not in value),
    sent_at=st.datetimes(
        min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1), timezones=st.just(UTC)
    ),
)
def test_the_wire_shape_reads_back_as_an_equal_message(
    text: str, role: AuthorRole, kind: Kind, item: str | None, sent_at: datetime
) -> None:
    message = Message(
        platform="p",
        room_id="r",
        message_id="m",
        user_id="u",
        kind=kind,
        text=text,
        sent_at=sent_at,
        author_role=role,
        context={"item": item},  # type: ignore[arg-type]
    )
    assert parse_message(wire(message)) == message


@pytest.mark.parametrize(
    "key", ["room_id", "message_id", "user_id", "creator_id", "item_id", "category_id"]
)
def test_an_id_that_is_written_as_a_number_is_the_same_id(key: str) -> None:
    assert parse_message(payload(**{key: -100123})) == parse_message(payload(**{key: "-100123"}))
    assert getattr(parse_message(payload(**{key: 2**53 - 1})), key) == "9007199254740991"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (2**53, "message_id: is a number of 2^53 or more"),
        (-(2**53), "message_id: is a number of 2^53 or more"),
        (12.0, "message_id: is a number with a fraction"),
        (1e16, "message_id: is a number with a fraction"),
        (True, "message_id: Input should be a valid string"),
        ([1], "message_id: Input should be a valid string"),
        ("", "message_id: String should have at least 1"),
    ],
)
def test_an_id_that_a_program_may_have_rounded_is_refused(number: Any, reason: str) -> None:
    with pytest.raises(Malformed, match=re.escape(reason)):
        parse_message(payload(message_id=number))


def test_an_id_of_thousands_of_digits_is_refused() -> None:
    sent = payload(message_id=0).replace(b'"message_id": 0', b'"message_id": ' + b"9" * 6_000)
    with pytest.raises(Malformed):
        parse_message(sent)


def test_a_reply_may_name_its_message_by_a_number() -> None:
    for wire_value in (7, {"message_id": 7}):
        reply = parse_message(payload(reply_to=wire_value)).reply_to
        assert reply is not None
        assert reply.message_id == "7"


@pytest.mark.parametrize(
    "time",
    [
        "2026-11-20T12:00:00.123456789Z",
        "2026-11-20T20:00:00.123456+0800",
        "2026-11-20t12:00:00.123456+0000",
        "2026-11-20T12:00:00.123456-00:00",
    ],
)
def test_nanoseconds_and_offsets_without_a_colon_are_times(time: str) -> None:
    expected = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
    assert parse_message(payload(sent_at=time)).sent_at == expected


TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_trace_comes_in_and_is_never_written_out() -> None:
    message = parse_message(payload(traceparent=TRACE))
    assert message.traceparent == TRACE
    assert b"4bf92f" not in wire(message)
    assert parse_message(wire(message)).traceparent is None


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        7,
        None,
        {"a": 1},
        TRACE.upper(),
        TRACE[:-1],
        "ff" + TRACE[2:],
        f"{TRACE}-extra",
        f"x{TRACE}",
        "00-" + "0" * 32 + TRACE[35:],
        TRACE[:36] + "0" * 16 + "-01",
        f"{TRACE}\n",
    ],
)
def test_what_is_no_trace_costs_no_message(wrong: Any) -> None:
    assert parse_message(payload(traceparent=wrong)).traceparent is None
