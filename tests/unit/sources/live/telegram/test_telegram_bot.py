"""Telegram: stored before confirmed, across restarts; refusals are one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from intent.model.batch import Batch, Position
from intent.model.errors import OperatorError, SourceLost
from intent.sources.live.telegram.bot_api import BotApi
from intent.sources.live.telegram.telegram_bot import TelegramBot
from tests.unit.sources.live.platform_server import CUT, Said, said
from tests.unit.sources.live.telegram.fake_telegram import TOKEN, FakeTelegram, refused, text

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Bot:
    """A bot that is listened to, restarted from what was stored, at an instant of the test's."""

    def __init__(self, server: FakeTelegram) -> None:
        self._server = server
        self.now, self.stored = NOON, list[Batch]()

    def start(self) -> Iterator[Batch]:
        api = BotApi(TOKEN, self._server.url, 0)
        return TelegramBot(
            api, "@Toko_Bot", "tg", stop=Event(), position=self.position, now=lambda: self.now
        ).read()

    def listen(self, polls: int = 1) -> None:
        """Store what so many answers hold, and leave."""
        wanted = sum(one.position is not None for one in self.stored) + polls
        for batch in self.start():
            if batch:
                self.stored.append(batch)
            if sum(one.position is not None for one in self.stored) == wanted:
                return

    @property
    def position(self) -> Position | None:
        return next((one.position for one in reversed(self.stored) if one.position), None)

    @property
    def ids(self) -> list[str]:
        return [one.message_id for batch in self.stored for one in batch.messages]


@pytest.fixture
def server() -> Iterator[FakeTelegram]:
    with FakeTelegram() as running:
        yield running


@pytest.fixture
def bot(server: FakeTelegram) -> Bot:
    return Bot(server)


def test_an_update_is_confirmed_by_the_question_after_it_was_stored(
    server: FakeTelegram, bot: Bot
) -> None:
    server.updates = [text(1), text(2)]
    bot.listen()
    assert (server.offsets, bot.ids) == ([None], ["-1001:1", "-1001:2"])
    server.updates.append(text(3))
    bot.listen()
    assert server.offsets == [None, "3"]
    assert bot.ids == ["-1001:1", "-1001:2", "-1001:3"]


def test_killed_anywhere_nothing_is_lost(server: FakeTelegram, bot: Bot) -> None:
    server.updates = [text(number) for number in range(1, 251)]
    steps = 1
    while len(set(bot.ids)) < 250:
        # A process that is killed after so many batches; what it read and did not store comes again.
        reading = bot.start()
        for _ in range(steps):
            batch = next(reading)
            if batch:
                bot.stored.append(batch)
        reading.close()
        steps = steps % 5 + 1
    assert len(bot.ids) < 700
    assert sorted(set(bot.ids)) == sorted(f"-1001:{number}" for number in range(1, 251))


def test_away_for_longer_than_telegram_keeps_updates_is_a_gap(bot: Bot) -> None:
    bot.listen()
    bot.now += timedelta(hours=23)
    bot.listen()
    assert [batch.gaps for batch in bot.stored if batch.gaps] == []
    bot.now += timedelta(hours=30)
    bot.listen()
    ((gap,),) = [batch.gaps for batch in bot.stored if batch.gaps]
    assert (gap.platform, gap.room_id) == ("telegram", "@Toko_Bot")
    assert (gap.since, gap.until) == (NOON + timedelta(hours=23), NOON + timedelta(hours=29))


def test_after_a_week_of_silence_lower_numbers_are_seen(server: FakeTelegram, bot: Bot) -> None:
    server.updates = [text(900)]
    bot.listen()
    for _ in range(7):
        bot.now += timedelta(hours=23)
        bot.listen()
    server.updates = [text(17)]
    bot.listen()
    assert bot.ids == ["-1001:900", "-1001:17"]
    assert server.offsets[-1] is None


def test_the_same_number_in_a_group_and_its_supergroup_are_two_messages(
    server: FakeTelegram, bot: Bot
) -> None:
    server.updates = [
        text(7, chat={"id": -5, "type": "group"}),
        {"update_id": 8, "message": {"chat": {"id": -5}, "migrate_to_chat_id": -1005}},
        text(9, message_id=7, chat={"id": -1005, "type": "supergroup"}),
    ]
    bot.listen()
    assert bot.ids == ["-5:7", "-1005:7"]


def test_an_update_without_a_number_is_refused_and_does_not_spin(
    server: FakeTelegram, bot: Bot
) -> None:
    server.updates = [{"message": {"text": "hi"}}, text(4)]
    bot.listen()
    assert [one.reason for batch in bot.stored for one in batch.refused] == [
        "update_id: is missing, or no whole number"
    ]
    assert bot.ids == ["-1001:4"]
    server.updates = [{"update_id": "x"}]
    with pytest.raises(SourceLost, match="cannot be confirmed"):
        bot.listen(2)


@pytest.mark.parametrize(
    ("trouble", "wait", "reason"),
    [
        (refused(429, "Too Many Requests", retry_after=17), 17.0, "asks us to wait"),
        (refused(429, "Too Many Requests", retry_after=10**9), 3600.0, "asks us to wait"),
        (said({"ok": False, "error_code": 429}, 429), 30.0, "asks us to wait"),
        (Said(b"<html>", 502), None, "status 502"),
        (Said(b"<html>"), None, "is no JSON"),
        (CUT, None, "does not answer"),
    ],
)
def test_what_passes_by_itself_is_a_lost_connection(
    server: FakeTelegram, bot: Bot, trouble: Said, wait: float | None, reason: str
) -> None:
    server.troubles = [trouble]
    with pytest.raises(SourceLost, match=reason) as lost:
        bot.listen()
    assert lost.value.wait == wait
    assert "secret" not in str(lost.value)
    bot.listen()


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (refused(401, "Unauthorized"), "does not know the token in TELEGRAM_BOT_TOKEN"),
        (refused(409, "Conflict: can't use getUpdates method while webhook is active"), "webhook"),
        (refused(409, "Conflict: terminated by other getUpdates request"), "somebody else polls"),
        (refused(400, "Bad Request: logged\nout"), r"refuses \(400: Bad Request: logged out\)"),
    ],
)
def test_what_only_a_person_can_mend_is_one_sentence(
    server: FakeTelegram, bot: Bot, trouble: Said, reason: str
) -> None:
    server.troubles = [trouble]
    with pytest.raises(OperatorError, match=reason) as refusal:
        bot.listen()
    assert "\n" not in str(refusal.value)


def test_the_token_of_another_bot_is_refused(server: FakeTelegram) -> None:
    source = TelegramBot(BotApi(TOKEN, server.url, 0), "@other_bot", "tg", stop=Event())
    with pytest.raises(OperatorError, match="is the token of @toko_bot, and not of @other_bot"):
        list(source.read())


@pytest.mark.parametrize("token", ["", "x", "7001", "7001:ä", "7001:a\nb", "bot7001:a"])
def test_what_is_no_token_is_refused_before_anything_is_sent(token: str) -> None:
    with pytest.raises(OperatorError, match="holds no token of a bot"):
        BotApi(token, "http://127.0.0.1:1", 0)


def test_a_position_of_something_else_is_refused(server: FakeTelegram) -> None:
    with pytest.raises(OperatorError, match="give the source another name"):
        TelegramBot(
            BotApi(TOKEN, server.url, 0), "b", "tg", stop=Event(), position=Position("tg", "12")
        )
