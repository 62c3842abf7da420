"""A world is the same for its seed, keeps time's order, and each of its effects can be turned off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eval.world.decided import MeasuredDecisions
from eval.world.knobs import EFFECTS, WorldKnobs, turned
from eval.world.made import World
from eval.world.rates import Rate, rates
from eval.world.world_folder import read_about, read_table, write_world
from intent.features.definitions.definitions import Definitions
from intent.features.definitions.events import Topics
from intent.features.offline.build import build
from intent.features.offline.duck import DuckEngine
from intent.features.offline.history import KnownHistory
from intent.features.offline.manifest import Manifest
from intent.model.errors import OperatorError
from intent.store.schema import INTENTS

Make = Callable[..., World]
LEADS = 9


def column(table: pa.Table, name: str) -> np.ndarray:
    return table[name].to_numpy(zero_copy_only=False)


def moments(table: pa.Table, name: str) -> np.ndarray:
    return column(table.set_column(0, "at", table[name].cast(pa.int64())), "at")


def test_a_seed_has_always_the_same_bytes_and_another_has_others(made: Make) -> None:
    assert made(1).digest() == made(1).digest()
    assert made(1).digest() != made(2).digest()


def test_there_are_as_many_impressions_as_are_asked_for(made: Make) -> None:
    assert len(made(impressions=5_000).tables["impressions"]) == 5_000


def test_propensities_are_the_policys_and_even_where_rooms_are_shown_evenly(made: Make) -> None:
    shown = made(explored=0.5, slate=4).tables["impressions"]
    propensity, position = column(shown, "propensity"), column(shown, "position")
    assert (propensity > 0).all()
    assert (propensity <= 1).all()
    even = np.flatnonzero((column(shown, "policy") == "even_v1") & (position == 1))
    following = even[even + 1 < len(position)]
    following = following[position[following + 1] == 2]
    live = 1 / propensity[following]
    np.testing.assert_allclose(live, np.round(live), atol=1e-6)
    np.testing.assert_allclose(propensity[following + 1], 1 / (live - 1), rtol=1e-6)


def test_what_stands_further_down_is_looked_at_less_but_is_not_less_relevant(made: Make) -> None:
    world = made(explored=1.0, decay=0.5, impressions=20_000)
    position = column(world.tables["impressions"], "position")
    looked, relevance = (column(world.truth["impressions"], n) for n in ("looked", "relevance"))
    first, last = position == 1, position == 8
    assert looked[first].all()
    assert looked[last].mean() == pytest.approx(1 / 4.5, abs=0.05)
    assert relevance[first].mean() == pytest.approx(relevance[last].mean(), abs=0.02)


def test_words_come_after_the_click_and_decisions_after_the_words(made: Make) -> None:
    world = made()
    said, rows = world.truth["messages"], column(world.truth["messages"], "impression")
    served = moments(world.tables["impressions"], "served_at")
    assert (moments(said, "said_at") > served[rows]).all()
    facts = world.tables["facts"]
    assert (column(facts, "known") > column(facts, "event")).all()
    assert (np.diff(column(facts, "known")) >= 0).all()


def test_answers_come_later_than_local_decisions_and_none_come_without_them(made: Make) -> None:
    facts = made().tables["facts"]
    later = column(facts, "revision") == 1
    assert 0.05 < later.mean() < 0.5
    assert set(column(facts, "decided_by")[later]) == {"llm"}
    assert not column(made(answer_seconds=0.0).tables["facts"], "revision").any()


def test_an_order_ends_its_need(made: Make) -> None:
    world = made(impressions=30_000)
    needs = world.truth["needs"].to_pylist()
    met = [need for need in needs if need["met_at"] is not None]
    assert len(met) > 5
    assert all(need["met_at"] < need["ends_at"] for need in met)


def test_refunds_are_later_revisions_of_the_same_conversion(made: Make) -> None:
    conversions = made(impressions=40_000, refunds=0.5).tables["conversions"].to_pylist()
    back = [one for one in conversions if one["revision"] == 1]
    first = {one["conversion_id"]: one for one in conversions if one["revision"] == 0}
    assert {one["status"] for one in back} == {"refunded", "cancelled"}
    assert all(first[one["conversion_id"]]["status"] == "paid" for one in back)
    events = [one["source_event_id"] for one in conversions]
    assert len(set(events)) == len(events)
    assert all(
        one["created_timestamp"] > first[one["conversion_id"]]["created_timestamp"] for one in back
    )


def test_a_lost_link_names_nobody_and_the_truth_still_knows(made: Make) -> None:
    world = made(impressions=40_000, link_loss=0.5)
    lost = [one for one in world.tables["conversions"].to_pylist() if one["user_id"] is None]
    assert lost
    assert {one["keys"] for one in lost} == {"{}"}
    assert world.truth["conversions"]["user_id"].null_count == 0
    assert made(link_loss=0.0).tables["conversions"]["user_id"].null_count == 0


def test_labels_say_nothing_where_the_knob_is_zero_and_are_as_many(made: Make) -> None:
    told, dull = (made(impressions=40_000, information=i).truth["messages"] for i in (1.0, 0.0))
    leads = set(INTENTS[:LEADS])

    def shares(table: pa.Table) -> tuple[float, float]:
        is_lead = np.array([label in leads for label in table["says"].to_pylist()])
        asks = column(table, "asks")
        return is_lead[asks].mean(), is_lead[~asks].mean()

    asking, others = shares(told)
    assert asking == 1.0
    assert others < 0.1
    asking, others = shares(dull)
    assert asking < 0.6
    assert sorted(told["says"].to_pylist()) == sorted(dull["says"].to_pylist())


def test_a_reply_causes_nothing_where_the_knob_is_zero(made: Make) -> None:
    truth = made(impressions=40_000, treatment=0.0).truth["impressions"]
    assert (column(truth, "order_if_replied") == column(truth, "order_if_withheld")).all()
    touched = made(impressions=40_000, treatment=2.0).truth["touches"].to_pylist()
    replies = [one for one in touched if one["touch_kind"] == "reply"]
    assert sum(one["order_if_given"] for one in replies) > 1.5 * sum(
        one["order_if_withheld"] for one in replies
    )


def test_a_coupon_follows_those_who_buy_and_causes_nothing(made: Make) -> None:
    world = made(impressions=40_000)
    coupons = [one for one in world.truth["touches"].to_pylist() if one["touch_kind"] == "coupon"]
    assert all(one["order_if_given"] == one["order_if_withheld"] for one in coupons)
    bought = np.mean([one["order_if_given"] for one in coupons])
    assert bought > 5 * column(world.truth["impressions"], "ordered").mean()


def test_hosts_with_little_time_lose_orders_and_those_without_a_limit_none(made: Make) -> None:
    crowd = {"impressions": 40_000, "days": 1, "creators": 20, "users": 500, "need": 3.0}

    def lost(capacity: int) -> int:
        truth = made(capacity=capacity, **crowd).truth["impressions"]
        replied = column(truth, "order_if_withheld") & column(truth, "order_if_replied")
        return int((replied & ~column(truth, "ordered")).sum())

    assert lost(1) > 0
    assert lost(0) == 0


def test_what_replies_carry_over_brings_more_orders(made: Make) -> None:
    crowd = {"impressions": 40_000, "treatment": 2.0}
    chance = [
        column(made(carry_over=share, **crowd).truth["impressions"], "order_chance").mean()
        for share in (0.0, 1.0)
    ]
    assert chance[1] > 1.03 * chance[0]


def test_a_leak_stamps_facts_before_the_words_are_said(made: Make) -> None:
    honest, early = (made(leak=minutes) for minutes in (0.0, 30.0))
    for name in ("event", "known"):
        apart = np.sort(column(honest.tables["facts"], name)) - np.sort(
            column(early.tables["facts"], name)
        )
        assert set(apart) == {30 * 60 * 1_000_000}
    assert honest.truth["messages"].equals(early.truth["messages"])


def test_silent_users_never_write(made: Make) -> None:
    world = made()
    silent = world.truth["users"].filter(world.truth["users"]["silent"])["user_id"].to_pylist()
    assert silent
    assert not set(silent) & set(world.tables["messages"]["user_id"].to_pylist())


def test_decisions_are_drawn_from_the_mistakes_that_were_measured(
    decisions: MeasuredDecisions,
) -> None:
    purchase, chatter = INTENTS.index("purchase_intent"), INTENTS.index("chatter")
    drawn = decisions.draw(np.full(4_000, purchase), np.random.default_rng(1))
    right = (decisions.masks[drawn] >> (1 + purchase)) & 1
    # The card's table of confusions: 103 of 121 messages that are a purchase alone are called one.
    assert right.mean() == pytest.approx(103 / 121, abs=0.04)
    assert len(decisions.of_label[chatter]) == 397


def test_a_folder_holds_what_the_builder_of_features_reads(
    made: Make, tmp_path: Path, definitions: Definitions, topics: Topics
) -> None:
    world = made()
    write_world(world, tmp_path / "world", topics)
    about = read_about(tmp_path / "world")
    assert about.digest == world.digest()
    assert about.knobs == world.knobs
    assert Manifest(tmp_path / "world" / "facts", list(topics.code)).total == len(
        world.tables["facts"]
    )
    shown = read_table(tmp_path / "world", "impressions")
    assert shown.equals(world.tables["impressions"])
    spine = shown.rename_columns(
        ["event_timestamp" if name == "served_at" else name for name in shown.column_names]
    )
    pq.write_table(spine, tmp_path / "spine.parquet")
    with DuckEngine(tmp_path) as engine:
        report = build(
            engine,
            definitions.choose("few", ["user__lead__count_24h", "room__message__count_1h"]),
            definitions,
            spine=tmp_path / "spine.parquet",
            facts=tmp_path / "world" / "facts",
            out=tmp_path / "rows.parquet",
            history=KnownHistory(),
        )
    assert report.rows == len(shown)
    rows = pq.read_table(tmp_path / "rows.parquet")
    assert np.nanmax(column(rows, "room__message__count_1h")) >= 1


def test_a_folder_with_something_in_it_is_left_alone(
    made: Make, tmp_path: Path, topics: Topics
) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OperatorError, match="not empty"):
        write_world(made(), tmp_path, topics)


def test_rates_lie_near_the_published_and_measured_ones(made: Make, topics: Topics) -> None:
    whole = made(impressions=650_000, days=10, creators=400)
    found = {rate.name: rate for rate in rates(whole, topics)}
    assert [rate.name for rate in found.values() if rate.near is False] == []
    assert found["clicks of a user a day"].near
    assert found["leads among comments, decided"].near
    assert found["comments by the tenth who write most in a room"].near
    assert found["likes a click"].why


def test_half_of_the_comments_ask_where_people_ask_more_and_chat_less(
    made: Make, topics: Topics
) -> None:
    size = {"impressions": 60_000, "days": 5, "creators": 200}
    usual, asking = (
        {rate.name: rate.world or 0.0 for rate in rates(made(**size, **knobs), topics)}
        for knobs in ({}, {"asking": 4.0, "chatting": 0.55})
    )
    assert usual["leads in truth"] == pytest.approx(0.15, abs=0.04)
    assert asking["leads in truth"] > 0.45
    assert asking["comments a click"] == pytest.approx(0.04, rel=0.2)
    silent = made(asking=0.0, chatting=0.0)
    assert silent.tables["messages"].num_rows == 0
    assert "leads in truth" not in [rate.name for rate in rates(silent, topics)]


def test_people_write_much_in_some_rooms_and_alike_everywhere_where_the_knob_is_zero(
    made: Make, topics: Topics
) -> None:
    size = {"impressions": 60_000, "days": 5, "creators": 200}
    moody, alike = (
        {rate.name: rate.world or 0.0 for rate in rates(made(moods=moods, **size), topics)}
        for moods in (1.0, 0.0)
    )
    tenth = "comments by the tenth who write most in a room"
    assert moody[tenth] > 0.35 > 0.25 > alike[tenth]


def test_the_category_of_the_host_stands_in_impressions_messages_and_facts(made: Make) -> None:
    world = made()
    sold = dict(
        zip(
            world.truth["creators"]["creator_id"].to_pylist(),
            world.truth["creators"]["category"].to_pylist(),
            strict=True,
        )
    )
    messages = world.tables["messages"].to_pylist()
    assert messages
    assert all(one["category_id"] == f"k_{sold[one['creator_id']]}" for one in messages)
    shown = world.tables["impressions"].slice(0, 100).to_pylist()
    assert all(one["category_id"] == f"k_{sold[one['creator_id']]}" for one in shown)


def test_a_rate_far_from_the_published_one_is_said() -> None:
    assert Rate("clicks", 1.3, 1.0).near is False
    assert Rate("clicks", 1.1, 1.0).near is True
    assert Rate("clicks", 1.1, None).near is None


def test_every_effect_has_a_zero() -> None:
    zero = WorldKnobs().zero()
    assert all(getattr(zero, name) == 0 for name in EFFECTS)
    assert turned(WorldKnobs(), ["zero", "leak=30"]).leak == 30.0


@pytest.mark.parametrize("setting", ["luck=1", "information=much", "information=2", "days=0"])
def test_a_knob_that_is_none_or_out_of_range_is_refused(setting: str) -> None:
    with pytest.raises(OperatorError, match="knob"):
        turned(WorldKnobs(), [setting])
