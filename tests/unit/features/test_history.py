"""What may be said of history."""

from __future__ import annotations

from pathlib import Path

import pytest

from intent.features.offline.duck import DuckEngine
from intent.features.offline.history import KnownHistory, facts_steps, parse_history
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


def seen(
    folder: Path, history: KnownHistory, event: int, *known: int
) -> list[tuple[int, int | None]]:
    """Return since and until of the revisions of a message, which were known at these instants."""
    with DuckEngine(folder, threads=1) as engine:
        revisions = " UNION ALL ".join(
            f"SELECT 'tiktok' AS platform, 'm' AS message_id, {number} AS revision, "
            f"CAST({event} AS BIGINT) AS event, CAST({at} AS BIGINT) AS known, 1 AS mask"
            for number, at in enumerate(known)
        )
        engine.step("exported", revisions)
        for name, sql in facts_steps(history, []):
            engine.step(name, sql)
        listed = engine.row("SELECT list((since, until) ORDER BY since) FROM facts") or ([],)
        return listed[0]


@pytest.mark.parametrize(
    ("event", "known", "since"),
    [(100, 0, 101), (100, 95, 101), (100, 96, 102), (100, 200, 206), (-100, -100, -94)],
)
def test_a_decision_is_seen_only_after_it_was_said_and_the_margin_after_it_was_known(
    tmp_path: Path, event: int, known: int, since: int
) -> None:
    assert seen(tmp_path, KnownHistory(margin=5), event, known) == [(since, None)]


def test_a_revision_is_seen_until_the_next_one_is_and_one_that_was_overtaken_never(
    tmp_path: Path,
) -> None:
    assert seen(tmp_path, KnownHistory(5), 100, 100, 300) == [(106, 306), (306, None)]
    assert seen(tmp_path, KnownHistory(5), 100, 300, 200) == [(206, None)]


def test_assumed_history_brings_late_decisions_forward_and_keeps_their_distance(
    tmp_path: Path,
) -> None:
    assert seen(tmp_path, KnownHistory(5, assumed=30), 100, 900, 950) == [(136, 186), (186, None)]
    assert seen(tmp_path, KnownHistory(5, assumed=30), 100, 110, 950) == [(116, 956), (956, None)]
