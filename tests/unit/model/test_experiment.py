"""The arm of a unit is fair, the same for ever, and independent of every other experiment's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from intent.model.errors import WrongUse
from intent.model.experiment import (
    ComparedRatio,
    Experiment,
    ExperimentArm,
    UnitKind,
    block_begin,
    checked,
    read_arms,
)

START = datetime(2026, 11, 1, 10, tzinfo=UTC)
TRIED = Experiment(
    "boost",
    UnitKind.ROOM,
    read_arms(["control", "boost"]),
    ComparedRatio.LEADS_PER_MESSAGE,
    START,
    "a",
)


def arms(experiment: Experiment, units: int = 4000) -> list[str]:
    return [experiment.arm_of("tiktok", f"u{number}") for number in range(units)]


def test_arms_get_their_shares() -> None:
    thirds = replace(TRIED, arms=read_arms(["control=2", "boost=1"]))
    assert arms(thirds).count("boost") == pytest.approx(4000 / 3, rel=0.06)
    assert arms(TRIED).count("boost") == pytest.approx(2000, rel=0.05)


def test_another_salt_or_version_deals_anew_and_the_same_deals_the_same() -> None:
    first = arms(TRIED)
    assert arms(replace(TRIED, name="renamed")) == first
    for other in (replace(TRIED, salt="b"), replace(TRIED, salt_version=2)):
        same = sum(one == two for one, two in zip(first, arms(other), strict=True))
        assert same == pytest.approx(2000, rel=0.05)


def test_this_hash_never_changes() -> None:
    """Who was dealt an arm must find it again under every later version."""
    assert arms(TRIED, 8) == [
        *("control", "boost", "boost", "control"),
        *("control", "boost", "boost", "boost"),
    ]


def test_a_block_is_named_by_its_room_and_begin() -> None:
    timed = replace(TRIED, unit=UnitKind.TIME, block=timedelta(minutes=30))
    unit = timed.block_of("room@1", START + timedelta(minutes=44))
    assert unit == "room@1@2026-11-01T10:30:00Z"
    assert block_begin(unit) == ("room@1", START + timedelta(minutes=30))
    with pytest.raises(WrongUse, match="deals no time"):
        TRIED.block_of("room", START)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (["control"], "two arms"),
        (["control", "control"], "a name of its own"),
        (["control", "b=x"], "a share is a number"),
        (["control", "b=0"], "a share above 0"),
        (["control", "B oost"], "small letters"),
        (["control", "b=inf"], "a share above 0"),
    ],
)
def test_arms_that_are_none_are_named(written, said) -> None:
    with pytest.raises(WrongUse, match=said):
        read_arms(written)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "Two words"}, "small letters"),
        ({"unit": UnitKind.TIME}, "needed there"),
        ({"block": timedelta(minutes=5)}, "for --unit time"),
        ({"unit": UnitKind.TIME, "block": timedelta(seconds=1)}, "10 s at least"),
        (
            {"unit": UnitKind.TIME, "block": timedelta(minutes=5), "burn_in": timedelta(minutes=5)},
            "leaves nothing",
        ),
    ],
)
def test_an_experiment_that_cannot_be_run_is_refused(change, said) -> None:
    with pytest.raises(WrongUse, match=said):
        checked(replace(TRIED, **change))
    assert checked(TRIED).control == "control"


def test_metrics_say_which_sums_they_are_made_of() -> None:
    assert ComparedRatio.ORDERS_PER_VIEWER.parts == ("orders", "viewers")
    assert ComparedRatio.LEADS_PER_MESSAGE.parts == ("leads", "messages")
    assert ExperimentArm("x").share == 1.0
