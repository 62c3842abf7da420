"""A moment is a minute with more leads than chance would bring."""

from __future__ import annotations

import random

from intent.report.lead_peaks import APART, find_moments


def test_a_peak_is_found_and_its_neighbours_are_the_same_moment() -> None:
    leads = dict.fromkeys(range(60), 1) | {30: 20, 31: 15, 31 + APART: 12}
    assert find_moments(leads, 60, 5) == [30, 31 + APART]


def test_only_the_largest_are_kept_in_order_of_time() -> None:
    leads = {10: 30, 20: 50, 40: 40}
    assert find_moments(leads, 100, 2) == [20, 40]


def test_two_leads_are_no_moment_and_none_has_none() -> None:
    assert find_moments({5: 2}, 1000, 5) == []
    assert find_moments({}, 0, 5) == []


def test_leads_that_come_evenly_have_moments_in_one_of_a_hundred_rooms() -> None:
    drawn = random.Random(20261127)
    rooms = 0
    for _ in range(300):
        leads: dict[int, int] = {}
        for _ in range(120):
            minute = drawn.randrange(60)
            leads[minute] = leads.get(minute, 0) + 1
        rooms += bool(find_moments(leads, 60, 5))
    assert rooms <= 9
