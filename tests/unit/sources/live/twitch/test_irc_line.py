"""Lines of IRC are taken apart as the standard says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.model.errors import Malformed
from intent.sources.live.twitch.irc_line import parse_line, split_frame, unescape


def test_a_line_has_tags_a_sender_a_command_and_a_text() -> None:
    line = parse_line(
        b"@id=7;badges=;room-id=55;tmi-sent-ts=1795176000123 :budi!budi@budi.tmi.twitch.tv PRIVMSG "
        b"#Toko_Mawar :berapa harganya kak? :)"
    )
    assert line.tags == {
        "id": "7",
        "badges": "",
        "room-id": "55",
        "tmi-sent-ts": "1795176000123",
    }
    assert (line.prefix, line.command) == ("budi!budi@budi.tmi.twitch.tv", "PRIVMSG")
    assert (line.channel, line.text) == ("toko_mawar", "berapa harganya kak? :)")
    assert line.sent_at == datetime(2026, 11, 20, 12, 0, 0, 123_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("escaped", "held"),
    [
        (r"ada\sbiru\:kak", "ada biru;kak"),
        (r"a\\b\r\n", "a\\b\r\n"),
        ("lone\\", "lone"),
        (r"\x\\s", r"x\s"),
        ("", ""),
    ],
)
def test_tags_are_unescaped(escaped: str, held: str) -> None:
    assert unescape(escaped) == held


def test_a_tag_without_a_value_is_empty_and_a_line_may_have_no_text() -> None:
    line = parse_line(b"@flag;a=b=c :tmi.twitch.tv CLEARCHAT #room")
    assert line.tags == {"flag": "", "a": "b=c"}
    assert (line.channel, line.text, line.sent_at) == ("room", "", None)


def test_an_empty_text_is_no_missing_one() -> None:
    assert parse_line(b"PRIVMSG #room :").parameters == ("#room", "")


@pytest.mark.parametrize("stamp", ["", "soon", "-5", "1" * 16, "9" * 15, "٣"])
def test_a_time_that_is_none_is_missing(stamp: str) -> None:
    assert parse_line(f"@tmi-sent-ts={stamp} PRIVMSG #room :a".encode()).sent_at is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\xff\xfe", "is no UTF-8 at byte 0"),
        (b"@id=1", "has no command"),
        (b"@id=1 :sender", "has no command"),
        (b":", "has no command"),
        (b"  ", "has no command"),
        (b'{"text": "json"}', "has no command"),
    ],
)
def test_what_is_no_line_is_malformed(line: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        parse_line(line)


def test_half_a_character_is_left_for_the_door() -> None:
    assert parse_line(b"PRIVMSG #room :a\xed\xa0\xbdb").text == "a\ud83db"


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_malformed(line: bytes) -> None:
    for part in split_frame(line):
        try:
            parsed = parse_line(part)
        except Malformed:
            continue
        assert parsed.command
        assert parsed.sent_at is None or parsed.sent_at.tzinfo is UTC


def test_a_frame_holds_many_lines() -> None:
    assert split_frame(b"PING :a\r\nPING :b\n\r\nPING :c") == [b"PING :a", b"PING :b", b"PING :c"]
