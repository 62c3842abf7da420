"""What servers say about waiting and limits is read in every way they say it; what cannot be read
is ignored.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from intent.classify.llm.headers import allowance, duration
from intent.model.completion import Allowance
from intent.retry import LONGEST_WAIT, retry_after

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "150"}, 0.15),
        ({"retry-after-ms": "150", "retry-after": "9"}, 0.15),
        ({"retry-after": "Fri, 20 Nov 2026 12:00:07 GMT"}, 7.0),
        ({"retry-after": "Fri, 20 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "99999999"}, LONGEST_WAIT),
        ({"retry-after": "Fri, 01 Jan 2100 00:00:00 GMT"}, LONGEST_WAIT),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6m0s", 360.0),
        ("12ms", 0.012),
        ("2m3.5s", 123.5),
        ("9h", LONGEST_WAIT),
        ("1s", 1.0),
        ("7", 7.0),
        ("soon", None),
        ("", None),
        (None, None),
        ("5x", None),
    ],
)
def test_durations(text: str | None, seconds: float | None) -> None:
    assert duration(text) == seconds


def test_limits_are_read_as_far_as_they_are_there() -> None:
    headers = {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1s",
    }
    assert allowance(headers, "requests") == Allowance(60, 59, 1.0)
    assert allowance(headers, "tokens") is None
    assert allowance({"x-ratelimit-remaining-tokens": "many"}, "tokens") is None
