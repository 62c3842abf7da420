"""A room's report says what was counted, what is estimated and what nobody knows."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from intent.model.batch import Batch, Gap, Retraction
from intent.model.decision import UNMEASURED, Decision
from intent.model.errors import WrongUse
from intent.model.taxonomy import Taxonomy
from intent.operations.report import report_room
from intent.report.room_figures import RoomReport
from intent.report.room_json import plain_report
from intent.report.room_page import report_body, report_file
from tests.conftest import EPOCH, MakeMessage
from tests.integration.conftest import House

HOSTILE = '<script>alert(1)</script> "onload=x {{ 7*7 }} ‮'


@pytest.fixture
def reported(house: House, taxonomy: Taxonomy) -> Any:
    def call(room: str = "room-1", **options: Any) -> RoomReport:
        return report_room(house.database, taxonomy, room, **options)

    return call


def lead(house: House, *labels: str, probability: float = 0.9) -> Decision:
    made = house.make(*labels)
    chances = {name: probability * (name in labels) for name in made.probabilities}
    return replace(made, probabilities=chances, lead_probability=probability)


def test_leads_of_viewers_are_counted_and_estimated_and_the_rest_is_not(
    house: House, make_message: MakeMessage, reported: Any
) -> None:
    house.local = lead(house, "purchase_intent", "price_inquiry")
    house.work(
        make_message("mau", item_id="A1"),
        make_message("A1 is up", author_role="host"),
        make_message("berapa", user_id="u-2", context={"item": "the red one"}),
    )
    house.local = house.make("chatter")
    house.work(make_message("hi", user_id="u-3"))
    found = reported()
    assert (found.coverage.seen, found.coverage.decided, found.coverage.share) == (4, 4, 1)
    assert (found.people, found.funnel.viewers, found.funnel.listed, found.funnel.hot) == (
        3,
        3,
        2,
        2,
    )
    assert found.funnel.expected.value == pytest.approx(1.8)
    assert found.funnel.expected.low < 1.8 < found.funnel.expected.high <= 3
    assert [(one.item, one.leads) for one in found.items] == [("A1", 1), ("the red one", 1)]
    assert {one.label: one.listed for one in found.intents if one.listed} == {
        "purchase_intent": 2,
        "price_inquiry": 2,
    }
    assert sum(found.heat[0].cells.values()) == 4


def test_what_nobody_tells_of_is_not_measured_and_never_none(
    house: House, make_message: MakeMessage, reported: Any
) -> None:
    house.local = lead(house, "purchase_intent")
    house.work(make_message("mau satu"))
    found = reported()
    assert (found.funnel.answered, found.funnel.orders) == (None, None)
    assert "not measured" in found.verdict[-1]
    assert "not measured" in report_file(found)
    assert plain_report(found)["funnel"]["answered"] is None


def test_a_written_reply_answers_and_then_the_others_wait(
    house: House, make_message: MakeMessage, reported: Any
) -> None:
    house.local = lead(house, "purchase_intent")
    first, second = make_message("mau satu"), make_message("mau dua", user_id="u-2")
    house.work(first, second)
    house.local = house.make("chatter")
    house.work(make_message("noted", author_role="host", reply_to={"message_id": first.message_id}))
    found = reported()
    assert (found.funnel.answered, found.unanswered) == (1, 1)
    assert [one.text for one in found.open_leads] == ["mau dua"]
    assert "1 of 2 hot leads has no answer" in found.verdict[-1]


def test_a_room_with_messages_that_wait_says_that_it_lags(
    house: House, make_message: MakeMessage, reported: Any
) -> None:
    house.inbox.put(Batch([make_message()]))
    found = reported()
    assert (found.coverage.waiting, found.coverage.share) == (1, 0)
    assert "lags" in " ".join(found.verdict)
    assert "This report lags" in report_file(found)


def test_a_gap_is_shown_and_gaps_that_overlap_count_once(
    house: House, make_message: MakeMessage, reported: Any
) -> None:
    late = make_message("later", sent_at=EPOCH + timedelta(hours=1))
    house.work(make_message(), late)
    minutes = [(10, 20), (15, 30), (50, None)]
    gaps = [
        Gap(
            "tiktok",
            "room-1",
            EPOCH + timedelta(minutes=begin),
            None if end is None else EPOCH + timedelta(minutes=end),
            "connection lost",
        )
        for begin, end in minutes
    ]
    house.inbox.put(Batch([], gaps=gaps))
    found = reported()
    assert found.coverage.blind_for == timedelta(minutes=30)
    assert "nothing for 30 minutes" in found.verdict[-1]
    assert "Nothing was seen for 30 minutes" in report_file(found)


def test_what_was_taken_back_counts_for_nothing(
    house: House, make_message: MakeMessage, reported: Any
) -> None:
    house.local = lead(house, "purchase_intent")
    gone = make_message("mau")
    house.work(gone, make_message("mau", user_id="u-2"))
    house.inbox.put(
        Batch([], [], [Retraction("tiktok", "room-1", EPOCH, message_id=gone.message_id)])
    )
    found = reported()
    assert (found.coverage.taken_back, found.coverage.share, found.funnel.listed) == (1, 1, 1)


def test_probabilities_that_nobody_measured_count_as_what_was_chosen(
    house: House, make_message: MakeMessage, reported: Any
) -> None:
    versions = replace(house.make().versions, calibration=UNMEASURED)
    house.local = replace(lead(house, "purchase_intent", probability=0.6), versions=versions)
    house.work(make_message())
    house.local = replace(house.make("chatter"), versions=versions, lead_probability=0.3)
    house.work(make_message())
    found = reported()
    assert found.coverage.unmeasured == 2
    assert (found.funnel.expected.value, found.funnel.expected.high) == (1, 1)


def test_hostile_texts_stay_text_and_the_page_has_no_script_and_no_inline_style(
    house: House, make_message: MakeMessage, reported: Any
) -> None:
    house.local = lead(house, "purchase_intent")
    house.work(
        *(
            make_message(
                HOSTILE,
                user_id=HOSTILE,
                room_id=HOSTILE,
                context={"offer": HOSTILE, "item": HOSTILE},
            )
            for _ in range(4)
        )
    )
    page = report_file(reported(HOSTILE))
    assert "<script" not in page
    assert "{{ 7*7 }}" in page
    assert re.search(r"\sstyle=", report_body(reported(HOSTILE))) is None
    assert len(re.findall(r"<[^>]*onload", page)) == 0
    json.dumps(plain_report(reported(HOSTILE)))


def test_times_are_shown_in_the_zone_that_was_asked_for(
    house: House, make_message: MakeMessage, reported: Any
) -> None:
    house.local = lead(house, "purchase_intent")
    house.work(make_message())
    found = reported(zone="Asia/Jakarta")
    assert found.first.strftime("%H:%M %z") == "19:00 +0700"
    assert found.columns.start.strftime("%H:%M") == "19:00"
    with pytest.raises(WrongUse, match="no time zone"):
        reported(zone="Nowhere")


def test_a_room_that_is_not_there_or_stands_twice_is_refused(
    house: House, make_message: MakeMessage, reported: Any
) -> None:
    with pytest.raises(WrongUse, match="no room"):
        reported("nowhere")
    house.work(make_message(), make_message(platform="youtube"))
    with pytest.raises(WrongUse, match="tiktok, youtube"):
        reported()
    assert reported(platform="youtube").coverage.seen == 1
    with pytest.raises(WrongUse, match="no room 'room-1' on x"):
        reported(platform="x")


def test_a_room_of_leads_without_anything_hot_says_so(
    house: House, make_message: MakeMessage, reported: Any
) -> None:
    house.local = lead(house, "price_inquiry")
    house.work(make_message())
    assert reported().verdict[-1].startswith("Nobody is about to buy")
