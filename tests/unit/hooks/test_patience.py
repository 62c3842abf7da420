"""A receiver is tried again, less and less often, and left alone for as long as it asks."""

from __future__ import annotations

from intent.hooks.patience import ReceiverBreaker, TrySchedule


def test_the_tries_of_a_delivery_are_spread_over_about_a_day() -> None:
    schedule = TrySchedule()
    pauses = [schedule.pause(tried, None, lambda: 1.0) for tried in range(1, 11)]
    assert pauses == [20, 60, 180, 540, 1_620, 4_860, 14_580, 43_200, 43_200, None]
    assert 29 * 3600 < sum(pause for pause in pauses if pause) < 31 * 3600


def test_a_pause_is_drawn_from_all_of_it_and_is_never_shorter_than_asked() -> None:
    schedule = TrySchedule()
    assert schedule.pause(2, None, lambda: 0.0) == 0.0
    assert schedule.pause(2, None, lambda: 0.5) == 30.0
    assert schedule.pause(2, 45.0, lambda: 0.5) == 45.0
    assert schedule.pause(2, 5.0, lambda: 0.5) == 30.0


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def breaker(clock: Clock) -> ReceiverBreaker:
    return ReceiverBreaker(failures=3, first=2.0, most=8.0, clock=clock, draw=lambda: 1.0)


def test_who_fails_again_and_again_gets_one_at_a_time_until_it_takes_one() -> None:
    clock = Clock()
    watched = breaker(clock)
    for _ in range(2):
        watched.failed(None)
        assert watched.places(4) == 4
    for pause in (2.0, 4.0, 8.0, 8.0):
        watched.failed(None)
        assert watched.places(4) == 0
        clock.now += pause
        assert watched.places(4) == 1
    watched.accepted()
    assert watched.places(4) == 4


def test_who_asks_to_be_left_alone_is_left_alone_at_once() -> None:
    clock = Clock()
    watched = breaker(clock)
    watched.failed(30.0)
    clock.now = 29.9
    assert watched.places(4) == 0
    clock.now = 30.0
    assert watched.places(4) == 4
