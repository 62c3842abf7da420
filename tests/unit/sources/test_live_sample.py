from __future__ import annotations

from datetime import UTC, datetime, timedelta

from intent.model.message import Message
from intent.sources.live_sample import SAID_BEFORE, LiveSample, said_anew
from tests.conftest import EPOCH, MakeMessage

NOW = datetime(2027, 1, 2, 9, 30, tzinfo=UTC)


def at(make_message: MakeMessage, seconds: float, **values: object) -> Message:
    return make_message(sent_at=EPOCH + timedelta(seconds=seconds), **values)


class Clock:
    """Time that passes while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_rooms_are_side_by_side_and_nobody_is_silent_for_long(make_message: MakeMessage) -> None:
    recorded = [
        at(make_message, 0, room_id="a", text="first"),
        at(make_message, 2, room_id="a", text="second"),
        at(make_message, 3_600, room_id="a", text="after an hour"),
        at(make_message, 7_200, room_id="b", text="another room"),
        at(make_message, 7_203, room_id="b", text="its second"),
        at(make_message, 7_202, room_id="b", text="back in time"),
    ]
    anew = said_anew(recorded, begun=NOW)
    assert [(one.text, (one.sent_at - NOW).total_seconds()) for one in anew] == [
        ("first", 0.0),
        ("another room", 0.0),
        ("second", 2.0),
        ("its second", 3.0),
        ("back in time", 3.0),
        ("after an hour", 7.0),
    ]


def test_each_replay_has_ids_of_its_own_and_repeats_what_the_record_repeats(
    make_message: MakeMessage,
) -> None:
    recorded = [make_message(message_id="m"), make_message(message_id="m")]
    first = {one.message_id for one in said_anew(recorded, begun=NOW)}
    later = {one.message_id for one in said_anew(recorded, begun=NOW + timedelta(seconds=1))}
    assert len(first) == len(later) == 1
    assert first != later


def test_what_was_said_before_is_there_at_once_and_the_rest_comes_when_it_is_due(
    make_message: MakeMessage,
) -> None:
    clock = Clock()
    recorded = [at(make_message, 5 * number) for number in range(30)]
    source = LiveSample(recorded, now=NOW, sleep=clock.sleep, clock=clock)
    came = [
        (clock.now - 100.0, (one.sent_at - NOW).total_seconds())
        for batch in source.read()
        for one in batch.messages
    ]
    assert len(came) == len(recorded)
    early = [said for when, said in came if when == 0.0]
    assert early[0] == -SAID_BEFORE
    assert early[-1] == 0.0
    assert all(when == said for when, said in came[len(early) :])
