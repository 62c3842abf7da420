"""The time axis holds everything in a bounded number of columns."""

from __future__ import annotations

import pytest

from intent.report.room_tally import columns_of


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([7], (7, 1, 1)),
        (range(60), (0, 1, 60)),
        (range(61), (0, 2, 31)),
        ([3, 130], (0, 5, 27)),
        ([0, 60 * 24 * 400], (0, 7 * 1440, 58)),
    ],
)
def test_columns_begin_at_whole_steps(minutes: list[int], expected: tuple[int, int, int]) -> None:
    assert columns_of(minutes, 60) == expected


def test_a_room_of_centuries_still_fits() -> None:
    start, step, count = columns_of([5, 10**9], 60)
    assert count <= 60
    assert start + step * count > 10**9
