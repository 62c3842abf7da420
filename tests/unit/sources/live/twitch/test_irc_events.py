"""What Twitch's IRC says becomes comments and retractions, through the door."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from intent.model.batch import Refused, Retraction
from intent.model.message import AuthorRole, Kind, Message, Reply
from intent.sources.door import Door
from intent.sources.live.twitch.irc_events import IrcKind, kind_of, read_comment, read_taken_back
from intent.sources.live.twitch.irc_line import IrcLine, parse_line

NOW = datetime(2026, 11, 20, 12, 0, 5, tzinfo=UTC)
AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DOOR = Door(now=lambda: NOW)
TAGS = "@id=c1;room-id=5501;user-id=7702;tmi-sent-ts=1795176000000"


def line(text: str) -> IrcLine:
    return parse_line(text.encode("utf-8", "surrogatepass"))


def comment(text: str) -> Message | Refused:
    return read_comment(line(text), DOOR, "twitch line 1")


def taken_back(text: str, room_id: str | None = "5501") -> Retraction | Refused:
    return read_taken_back(line(text), DOOR, "twitch line 1", room_id=room_id, now=NOW)


def test_a_comment_has_twitchs_numbers_and_time() -> None:
    read = comment(f"{TAGS};badges=;mod=0 :budi!b@b PRIVMSG #toko :berapa harganya kak?")
    assert read == Message(
        platform="twitch",
        room_id="5501",
        creator_id="5501",
        message_id="c1",
        user_id="7702",
        kind=Kind.COMMENT,
        text="berapa harganya kak?",
        sent_at=AT,
    )


@pytest.mark.parametrize(
    ("tags", "role"),
    [
        ("badges=broadcaster/1,subscriber/0;mod=0", AuthorRole.HOST),
        ("badges=moderator/1;mod=1", AuthorRole.MODERATOR),
        ("badges=lead_moderator/1;mod=0", AuthorRole.MODERATOR),
        ("badges=;mod=1", AuthorRole.MODERATOR),
        ("badges=vip/1,subscriber/12;mod=0", AuthorRole.VIEWER),
        ("color=", AuthorRole.VIEWER),
    ],
)
def test_roles_come_from_badges(tags: str, role: AuthorRole) -> None:
    read = comment(f"{TAGS};{tags} :b!b@b PRIVMSG #toko :halo")
    assert isinstance(read, Message)
    assert read.author_role is role


def test_a_reply_names_what_it_replies_to() -> None:
    reply = r"reply-parent-msg-id=c0;reply-parent-msg-body=ada\sbiru\:kak"
    read = comment(f"{TAGS};{reply} :b!b@b PRIVMSG #toko :@kak ada")
    assert isinstance(read, Message)
    assert read.reply_to == Reply(message_id="c0", text="ada biru;kak")


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("\x01ACTION mau satu\x01", "mau satu"),
        ("\x01ACTION\x01", ""),
        ("mau satu \U000e0000", "mau satu"),
        ("mau satu\U000e0000 ", "mau satu"),
        ("ACTION is a word", "ACTION is a word"),
        (" two  spaces", " two  spaces"),
    ],
)
def test_what_clients_put_around_a_text_falls(written: str, text: str) -> None:
    read = comment(f"{TAGS} :b!b@b PRIVMSG #toko :{written}")
    assert isinstance(read, Message)
    assert read.text == text


def test_an_announcement_is_a_comment_and_a_bare_occasion_is_nothing() -> None:
    said = line(f"{TAGS};msg-id=announcement :tmi.twitch.tv USERNOTICE #toko :flash sale")
    assert kind_of(said) is IrcKind.COMMENT
    bare = line(f"{TAGS};msg-id=sub :tmi.twitch.tv USERNOTICE #toko")
    assert kind_of(bare) is IrcKind.NOTHING


def test_a_copy_from_another_channel_is_told() -> None:
    copied = f"{TAGS};source-room-id=99;source-id=c0 :b!b@b PRIVMSG #toko :halo"
    assert kind_of(line(copied)) is IrcKind.COPY
    own = f"{TAGS};source-room-id=5501;source-id=c1 :b!b@b PRIVMSG #toko :halo"
    assert kind_of(line(own)) is IrcKind.COMMENT
    notice = f"{TAGS};source-room-id=99;msg-id=sharedchatnotice :t USERNOTICE #toko :halo"
    assert kind_of(line(notice)) is IrcKind.COPY


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("@room-id=5501;user-id=7;tmi-sent-ts=1795176000000 PRIVMSG #toko :a", "message_id"),
        ("@id=c1;user-id=7;tmi-sent-ts=1795176000000 PRIVMSG #toko :a", "room_id"),
        ("@id=c1;room-id=5501;tmi-sent-ts=1795176000000 PRIVMSG #toko :a", "user_id"),
        ("@id=c1;room-id=5501;user-id=7 PRIVMSG #toko :a", "sent_at"),
        ("PRIVMSG #toko :a", "user_id"),
        (f"{TAGS} PRIVMSG #toko :a\x00b", "NUL"),
        (f"{TAGS} PRIVMSG #toko :{'a' * 9000}", "9000 bytes long"),
        (TAGS.replace("17951", "27951") + " PRIVMSG #toko :a", "a day ahead"),
    ],
)
def test_what_is_missing_or_odd_is_refused_with_its_reason(text: str, reason: str) -> None:
    read = comment(text)
    assert isinstance(read, Refused)
    assert reason in read.reason


def test_half_a_character_is_mended() -> None:
    read = comment(f"{TAGS} PRIVMSG #toko :a\ud83d")
    assert isinstance(read, Message)
    assert read.text == "a\ufffd"


def test_a_moderator_deletes_one_comment() -> None:
    tags = "@login=budi;room-id=;target-msg-id=c1;tmi-sent-ts=1795176000000"
    assert taken_back(f"{tags} :tmi.twitch.tv CLEARMSG #toko :halo") == Retraction(
        "twitch", "5501", AT, message_id="c1"
    )


@pytest.mark.parametrize("ban", ["ban-duration=600;", ""])
def test_all_of_a_banned_author_is_taken_back(ban: str) -> None:
    tags = f"@{ban}room-id=5501;target-user-id=7702;tmi-sent-ts=1795176000000"
    assert taken_back(f"{tags} :tmi.twitch.tv CLEARCHAT #toko :budi") == Retraction(
        "twitch", "5501", AT, user_id="7702"
    )


def test_a_whole_room_is_cleared() -> None:
    assert taken_back(
        "@room-id=5501;tmi-sent-ts=1795176000000 :tmi.twitch.tv CLEARCHAT #toko"
    ) == Retraction("twitch", "5501", AT)


def test_without_a_time_it_is_gone_since_it_came() -> None:
    assert taken_back("@room-id=5501 CLEARCHAT #toko") == Retraction("twitch", "5501", NOW)


@pytest.mark.parametrize(
    ("text", "room_id", "reason"),
    [
        ("CLEARMSG #toko :halo", "5501", "message_id"),
        ("CLEARCHAT #toko :budi", "5501", "user_id"),
        ("@target-user-id= CLEARCHAT #toko", "5501", "user_id"),
        ("@target-msg-id=c1 CLEARMSG #toko :halo", None, "room_id"),
    ],
)
def test_what_does_not_say_whom_it_means_never_clears_a_room(
    text: str, room_id: str | None, reason: str
) -> None:
    read = taken_back(text, room_id)
    assert isinstance(read, Refused)
    assert reason in read.reason


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (":tmi.twitch.tv 001 justinfan1 :Welcome, GLHF!", IrcKind.NOTHING),
        (":tmi.twitch.tv CAP * ACK :twitch.tv/tags", IrcKind.NOTHING),
        (":budi!b@b JOIN #toko", IrcKind.NOTHING),
        ("@room-id=5501 :tmi.twitch.tv ROOMSTATE #toko", IrcKind.JOINED),
        ("PING :tmi.twitch.tv", IrcKind.PING),
        (":tmi.twitch.tv PONG tmi.twitch.tv :word", IrcKind.PONG),
        (":tmi.twitch.tv RECONNECT", IrcKind.RECONNECT),
        ("@msg-id=slow_on :tmi.twitch.tv NOTICE #toko :slow", IrcKind.NOTICE),
        (":tmi.twitch.tv SPARKLE #toko", IrcKind.UNKNOWN),
    ],
)
def test_commands_are_what_they_are_to_us(text: str, kind: IrcKind) -> None:
    assert kind_of(line(text)) is kind
