"""What may be said of history."""

from __future__ import annotations

import pytest

from intent.features.offline.history import KnownHistory, parse_history
from intent.model.errors import OperatorError
from tests.unit.features.brute import SECOND


def test_history_is_strict_or_assumed_so_many_seconds_after_it_was_said() -> None:
    assert parse_history("strict", 0.5) == KnownHistory(SECOND // 2)
    assert parse_history("assume:30s", 5.0) == KnownHistory(5 * SECOND, 30 * SECOND)


@pytest.mark.parametrize(
    "text",
    [
        "assume:²s",
        "assume:٣s",
        "assume:30",
        "assume:s",
        "assume:-1s",
        "assume:9999999999s",
        "lenient",
        "",
    ],
)
def test_other_words_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(OperatorError, match="such as assume:30s"):
        parse_history(text, 5.0)


@pytest.mark.parametrize("margin", [float("nan"), float("inf"), -1.0])
def test_a_margin_that_is_no_time_is_refused(margin: float) -> None:
    with pytest.raises(OperatorError, match="--margin must be a number of seconds"):
        parse_history("strict", margin)
