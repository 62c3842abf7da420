"""What a request brings: every message is let in or refused by its line, and nothing is an
exception but a body that holds none.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.model.errors import Malformed
from intent.sources.door import Door
from intent.sources.posted import MOST, Posted, TooMany, read_posted

ONE: dict[str, Any] = {
    "platform": "tiktok",
    "room_id": "live-1",
    "message_id": "m1",
    "user_id": "u1",
    "kind": "comment",
    "text": "how much?",
    "sent_at": "2026-11-20T20:00:00+08:00",
}
DOOR = Door(now=lambda: datetime(2026, 11, 21, tzinfo=UTC))


def read(body: object, *, in_lines: bool = False) -> Posted:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_posted(content, "request 7", door=DOOR, in_lines=in_lines)


def lines(*values: object) -> bytes:
    return b"\n".join(
        value if isinstance(value, bytes) else json.dumps(value).encode() for value in values
    )


def reasons(posted: Posted) -> list[tuple[int, str]]:
    pairs = zip(posted.refused_lines, posted.batch.refused, strict=True)
    return [(number, one.reason) for number, one in pairs]


def test_one_message_a_list_and_lines_are_read_alike() -> None:
    (one,) = read(ONE).batch.messages
    assert one.text == "how much?"
    assert list(read([ONE, ONE]).batch.messages) == [one, one]
    assert list(read(lines(ONE, ONE), in_lines=True).batch.messages) == [one, one]
    pretty = json.dumps(ONE, indent=2).encode()
    assert list(read(b"\xef\xbb\xbf" + pretty).batch.messages) == [one]


def test_what_is_no_message_is_refused_by_its_line_and_the_others_are_let_in() -> None:
    far = {**ONE, "sent_at": "2030-01-01T00:00:00Z"}
    posted = read(
        lines(ONE, b"", b'{"platform": "tik', {**ONE, "text": "a\0b"}, b"7", far, b"\xff{}", ONE),
        in_lines=True,
    )
    assert posted.lines == (1, 8)
    assert [number for number, _ in reasons(posted)] == [3, 4, 5, 6, 7]
    assert reasons(posted)[1] == (4, "text: holds a NUL character")
    assert posted.batch.refused[0].position == "request 7 line 3"
    assert reasons(read([7, ONE, {}])) == [
        (1, "is no JSON object"),
        (3, "user_id: the author is missing"),
    ]


def test_emoji_and_halves_of_them_are_kept() -> None:
    whole = json.dumps({**ONE, "text": "👍"})
    half = whole.replace("\\udc4d", "")
    bodies = [(whole, False), (half, False), (half, True)]
    read_all = [read(body.encode(), in_lines=in_lines) for body, in_lines in bodies]
    assert [posted.batch.messages[0].text for posted in read_all] == ["👍", "\ufffd", "\ufffd"]


def test_a_line_of_ten_megabytes_is_refused_and_hardly_kept() -> None:
    posted = read(lines(b'{"text": "' + b"a" * 10_000_000, ONE), in_lines=True)
    assert posted.lines == (2,)
    assert reasons(posted) == [(1, "the line is 10000010 bytes long, the limit is 65536")]
    assert len(posted.batch.refused[0].payload) == 65_536


@pytest.mark.parametrize("body", [b"", b" \n ", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("in_lines", [True, False])
def test_an_empty_body_is_told(body: bytes, in_lines: bool) -> None:
    with pytest.raises(Malformed, match="empty"):
        read(body, in_lines=in_lines)


def test_an_empty_list_brings_nothing() -> None:
    assert read([]) == Posted(read([]).batch, (), ())


@pytest.mark.parametrize(
    "body", [b"[", b'{"a":', b"\xff\xfe{\0}\0", b"[" * 100_000, b"nothing", b"[" * 70 + b"]" * 70]
)
def test_a_body_that_is_no_json_is_told_and_nothing_of_it_taken(body: bytes) -> None:
    with pytest.raises(Malformed, match="the body is"):
        read(body)


@pytest.mark.parametrize("in_lines", [True, False])
def test_more_than_a_request_may_bring_is_turned_away(in_lines: bool) -> None:
    many = [ONE] * MOST
    assert len(read(lines(*many) if in_lines else many, in_lines=in_lines).lines) == MOST
    more = lines(*[b"{}"] * 100_000) if in_lines else [*many, ONE]
    with pytest.raises(TooMany):
        read(more, in_lines=in_lines)


@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_are_an_exception(body: bytes, in_lines: bool) -> None:
    try:
        posted = read(body, in_lines=in_lines)
    except Malformed:
        return
    assert len(posted.lines) == len(posted.batch.messages)
    assert len(posted.refused_lines) == len(posted.batch.refused)
