"""What is judged is judged by what came before it, and the verdict comes first."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser

import numpy as np
import pytest
import sklearn.metrics

from eval.lift.fitted import day_blocks
from eval.lift.leaks import LeakingColumn
from eval.lift.lift_report import JoinKept, LiftPlan, LiftReport
from eval.lift.material import LiftMaterial
from eval.lift.measured import auc, loss, measure_lift
from eval.lift.verdict_words import lift_headline, lift_lines, lift_verdict
from eval.report.lift_page import lift_page
from intent.model.errors import OperatorError
from intent.statistics.rooms import Estimate

DAY = 86_400 * 1_000_000


def material(told: float, *, rows: int = 6_000, seed: int = 3) -> LiftMaterial:
    """Return rows of which one column of intents says so much of an order."""
    chance = np.random.default_rng(seed)
    at = np.sort(chance.integers(0, 10 * DAY, rows))
    wants = chance.random(rows) < 0.3
    labels = chance.random(rows) < np.where(wants, 0.35, 0.05)
    noise = chance.random(rows) < 0.3
    column = np.where(chance.random(rows) < told, wants, noise).astype(np.float32)[:, None]
    plain = chance.normal(size=(rows, 1)).astype(np.float32)
    return LiftMaterial(
        name="rows",
        target="order",
        at=at,
        users=chance.integers(0, 200, rows),
        labels=labels,
        clicked=np.ones(rows, dtype=bool),
        positions=chance.integers(1, 5, rows),
        base=plain,
        messages=plain,
        intents=column,
        names=("user__message__count_24h", "user__lead__count_24h"),
        shuffled=lambda seed: column[np.random.default_rng(seed).permutation(rows)],
        groups=[],
        served=np.column_stack([plain, column]),
        by_event=np.column_stack([plain, wants.astype(np.float32)]),
        silent=np.zeros(rows, dtype=bool),
        leads=column[:, 0] > 0,
        truth=np.where(wants, 0.35, 0.05),
    )


@pytest.fixture(scope="module")
def found() -> LiftReport:
    return measure_lift(material(told=0.7), LiftPlan(refits=2, shuffles=2, blocks=2))


def leak(found: LiftReport) -> LiftReport:
    after = Estimate(0.4, 0.3, 0.5, 0.05, 1e-9, 40, 39.0)
    return dataclasses.replace(
        found, leaks=(LeakingColumn("user__lead__count_24h", after, 1e-8, 70),)
    )


def test_what_intents_say_is_seen_and_what_they_do_not_say_is_not(found: LiftReport) -> None:
    assert lift_verdict(found) == "helps"
    assert found.auc_gain > 0.05
    assert lift_verdict(measure_lift(material(told=0.0), LiftPlan(2, 3, 2))) == "not shown"


def test_a_join_that_sees_more_than_a_server_promises_more_than_it_keeps(
    found: LiftReport,
) -> None:
    joins = {join.name: join for join in found.joins}
    assert abs(joins["as known"].leaked) < 1e-9
    assert joins["by event time"].leaked > 0.03


def test_predictions_on_rows_with_a_lead_are_held_against_what_came_and_the_truth(
    found: LiftReport,
) -> None:
    assert found.lead_rows.over_seen == pytest.approx(1.0, abs=0.15)
    assert found.lead_rows.over_truth == pytest.approx(1.0, abs=0.15)


def test_no_day_is_judged_by_itself_or_by_later_ones() -> None:
    days = np.repeat(np.arange(10), 7)
    blocks = day_blocks(days, 3)
    assert np.concatenate([block.judge for block in blocks]).tolist() == list(range(28, 70))
    for block in blocks:
        before = np.concatenate([block.learn, block.hold])
        assert days[before].max() < days[block.judge].min()
        assert days[block.learn].max() <= days[block.hold].min()


def test_auc_and_log_loss_are_those_of_scikit_learn() -> None:
    chance = np.random.default_rng(1)
    said, labels = chance.integers(1, 20, 300) / 20, chance.random(300) < 0.2
    assert auc(said, labels) == pytest.approx(sklearn.metrics.roc_auc_score(labels, said))
    assert loss(said, labels).mean() == pytest.approx(sklearn.metrics.log_loss(labels, said))
    assert np.isnan(auc(said, np.zeros(300, dtype=bool)))


def test_too_few_orders_are_refused_rather_than_judged() -> None:
    few = dataclasses.replace(material(told=1.0), labels=np.arange(6_000) % 1_000 == 0)
    with pytest.raises(OperatorError, match="take a longer log"):
        measure_lift(few)


def test_a_leak_comes_before_any_gain(found: LiftReport) -> None:
    assert lift_verdict(leak(found)) == "leak"
    assert lift_headline(leak(found)).startswith("user__lead__count_24h knows what comes after")


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(1e-6, 3e-6, "helps"), (-3e-6, -1e-6, "harms"), (-1, 1, "not shown")],
)
def test_the_verdict_follows_the_interval(
    found: LiftReport, low: float, high: float, verdict: str
) -> None:
    gain = dataclasses.replace(found.gain, value=(low + high) / 2, low=low, high=high)
    told = dataclasses.replace(found, gain=gain)
    assert lift_verdict(told) == verdict
    assert lift_headline(told).endswith(".")


def test_what_is_not_known_is_said(found: LiftReport) -> None:
    lines = "\n".join(lift_lines(dataclasses.replace(found, joins=())))
    assert "promised and kept: not measured" in lines


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.outside += [
            value
            for name, value in attrs
            if name in {"src", "href"} and value and not value.startswith(("#", "data:"))
        ]


def test_the_page_needs_nothing_else_and_has_the_verdict_first(found: LiftReport) -> None:
    told = dataclasses.replace(
        leak(found), name="<b>mine</b>", joins=(JoinKept("as known", 0.1, 0.1),)
    )
    page = lift_page(told, LiftPlan(), "python -m eval lift --rows mine.parquet")
    links = _Links()
    links.feed(page)
    assert links.outside == []
    assert "<b>mine</b>" not in page
    assert page.index("knows what comes after") < page.index("<svg")
    assert "python -m eval lift --rows mine.parquet --refits 3 --shuffles 3" in page
