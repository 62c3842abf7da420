"""A verdict says what may be relied on: split first, then arms, delays, and what hosts can serve."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from intent.experiments.analysis import analyse
from intent.experiments.arm_findings import ExperimentReport, Outlook
from intent.experiments.viewer_scorecard import compare_by_scorecard
from intent.model.errors import WrongUse
from intent.model.experiment import ComparedRatio, UnitKind, read_arms
from intent.statistics.ratios import compare_viewers
from tests.unit.experiments.live_events import UNTIL, Live, lived, tried

BLOCKS = {"block": timedelta(minutes=15), "burn_in": timedelta(minutes=3)}


def read(
    unit: UnitKind = UnitKind.ROOM, live: Live | None = None, seed: int = 1, **of
) -> ExperimentReport:
    experiment = tried(unit, **of)
    return analyse(experiment, lived(experiment, live or Live(), seed), UNTIL)


def warned(report: ExperimentReport, words: str) -> bool:
    return any(words in warning for warning in report.warnings)


def turned_away(runs: int, a_minute: int) -> float:
    """Return how often the verdict on viewers is not to roll out on it."""
    live = Live(rooms=6, viewers=20, a_minute=a_minute)
    found = [read(UnitKind.VIEWER, live, seed=seed).outlook for seed in range(runs)]
    return float(np.mean([one is Outlook.DO_NOT_ROLL_OUT for one in found]))


def test_an_effect_is_found_with_its_size_and_a_null_is_undecided() -> None:
    found = read(live=Live(rooms=60, effect=0.8))
    assert found.outlook is Outlook.BETTER
    assert found.verdict[0].startswith("boost is better: orders per viewer +")
    one = found.comparisons[0]
    assert one.lift_low < 0.8 < one.lift_high
    assert one.dealt_again_p < 0.05
    assert one.variance_times < 1, "the creator's earlier room says something"
    null = read(live=Live(rooms=60))
    assert null.outlook is Outlook.UNDECIDED
    assert "could not be seen" in null.verdict[0]


def test_a_harm_is_said_as_such() -> None:
    found = read(live=Live(rooms=60, effect=-0.6))
    assert found.outlook is Outlook.WORSE
    assert found.verdict[0].startswith("boost is worse")


def test_units_that_were_lost_stop_everything_else() -> None:
    experiment = tried(UnitKind.VIEWER)
    sums = lived(experiment, Live(), 3)
    kept = (sums.arms == 0) | (np.arange(len(sums.arms)) % 3 > 0)
    fewer = replace(
        sums,
        arms=sums.arms[kept],
        rooms=sums.rooms[kept],
        sums={name: of[kept] for name, of in sums.sums.items()},
        earlier={name: of[kept] for name, of in sums.earlier.items()},
        clicks=replace(sums.clicks, waits=np.array([]), rooms=np.array([], np.int64)),
    )
    found = analyse(experiment, fewer, UNTIL)
    assert found.outlook is Outlook.SPLIT_IS_WRONG
    assert found.verdict[0] == "Do not read boost: units were lost between the arms."
    assert warned(found, "The split is not the one that was dealt")


def test_few_rooms_say_nothing() -> None:
    found = read(live=Live(rooms=4))
    assert found.outlook is Outlook.TOO_FEW
    assert "too few rooms" in found.verdict[0]


def test_hosts_at_their_limit_forbid_to_roll_out_what_viewers_show() -> None:
    assert turned_away(12, a_minute=1) >= 0.95
    assert turned_away(12, a_minute=0) == 0
    found = read(live=Live(a_minute=1))
    assert warned(found, "Hosts are at their limit")


def test_answers_that_nobody_tells_are_not_measured() -> None:
    experiment = tried()
    sums = lived(experiment, Live(), 1)
    silent = tuple(replace(one, answered=np.full(len(one.said), np.nan)) for one in sums.leads)
    found = analyse(experiment, replace(sums, leads=silent), UNTIL)
    assert warned(found, "is not measured")


def test_orders_that_only_come_earlier_are_no_lift_and_their_window_is_never_without_maturity() -> (
    None
):
    found = read(UnitKind.VIEWER, Live(rooms=100, viewers=80, hastened=0.3), seed=5)
    hour, day, whole = found.delays
    assert (hour.hours, day.hours) == (1.0, 24.0)
    assert hour.low > 0.1
    assert whole.low < 0 < whole.high
    assert min(hour.maturity) < 0.6
    assert warned(found, "orders that come earlier")


def test_a_short_burn_in_is_warned_of_and_a_long_one_not() -> None:
    said = {**BLOCKS, "half_life": timedelta(minutes=1)}
    assert warned(read(UnitKind.TIME, **BLOCKS), "Nobody said how long")
    assert warned(read(UnitKind.TIME, **said), "shorter than 4 half-lives")
    long = read(UnitKind.TIME, **{**said, "burn_in": timedelta(minutes=4)})
    assert not warned(long, "half-li")


def test_rooms_that_gained_viewers_took_them_from_somewhere() -> None:
    assert warned(read(live=Live(rooms=60, moved=0.9)), "has nobody to move")
    assert not warned(read(live=Live(rooms=60)), "has nobody to move")


def test_viewers_are_compared_by_tea_tasting_as_by_us() -> None:
    experiment = tried(UnitKind.VIEWER)
    sums = lived(experiment, Live(effect=0.3), 2)
    ours, theirs = (
        analyse(experiment, sums, UNTIL, by).comparisons[0]
        for by in (compare_viewers, compare_by_scorecard)
    )
    for name in ("control", "treated", "low", "high", "lift_low", "lift_high", "p"):
        assert getattr(theirs, name) == pytest.approx(getattr(ours, name), rel=2e-3)


def test_three_arms_are_each_compared_with_control_and_their_p_values_adjusted() -> None:
    found = read(live=Live(rooms=90), arms=read_arms(["control", "boost", "other"]))
    assert [one.arm for one in found.comparisons] == ["boost", "other"]


def test_values_of_two_currencies_and_what_nobody_told_are_refused() -> None:
    experiment = tried(metric=ComparedRatio.VALUE_PER_VIEWER)
    sums = lived(experiment, Live(), 1)
    assert analyse(experiment, sums, UNTIL).arms[0].ratio > 0
    with pytest.raises(WrongUse, match="several currencies"):
        analyse(experiment, replace(sums, currencies=("SGD", "USD")), UNTIL)
    untold = replace(experiment, metric=ComparedRatio.CLICKS_PER_IMPRESSION)
    with pytest.raises(WrongUse, match="no impressions of any exposed unit"):
        analyse(untold, sums, UNTIL)


@pytest.mark.simulate
def test_capacity_whole() -> None:
    one, every = turned_away(200, a_minute=1), turned_away(200, a_minute=0)
    print(f"capacity: do not roll out in {one:.1%} at one lead a minute, {every:.1%} without limit")
    assert one >= 0.95
    assert every <= 0.05
