"""Files of conversions are read as people have them, and what is refused is told."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from intent.model.errors import WrongUse
from intent.model.outcomes import ConversionEvent, ConversionKind, ConversionStatus
from intent.outcomes.contact_keys import ContactKeys
from intent.outcomes.files.conversion_formats import FileCounts, read_events
from intent.outcomes.files.file_records import RefusedRecord
from intent.outcomes.files.mapped_columns import ConversionMapping
from intent.outcomes.files.said_values import FileTold

NOW = datetime(2026, 11, 27, tzinfo=UTC)
CONTACTS = ContactKeys(lambda: b"k" * 32)
GOOGLE = (
    "Google Click ID,Conversion Name,Conversion Time,Conversion Value,Conversion Currency,Order ID"
)


class Read:
    """What a file said, and what was refused."""

    def __init__(self, text: str | bytes, name: str, mapping: Any = None, **told: Any) -> None:
        content = text if isinstance(text, bytes) else text.encode()
        self.counts, self.lines = FileCounts(), list[RefusedRecord]()
        chosen = ConversionMapping.model_validate(mapping) if mapping else None
        self.events = list(
            read_events(
                io.BytesIO(content),
                name,
                FileTold(CONTACTS, NOW, **told),
                self.counts,
                mapping=chosen,
                refused=self.lines.append,
            )
        )

    @property
    def one(self) -> ConversionEvent:
        (event,) = self.events
        return event


def google(*lines: str, **told: Any) -> Read:
    return Read("\n".join((GOOGLE, *lines)), "google_ads", **told)


def test_google_conversions_say_click_value_and_time() -> None:
    one = google('Cj0-x,Order,2026-11-20 13:00:00+08:00,"1,039.50",sgd,A-1').one
    assert one.conversion_id == "google_ads:A-1"
    assert one.keys == {"gclid": "Cj0-x", "order_id": "A-1"}
    assert (one.value_micros, one.currency) == (1_039_500_000, "SGD")
    assert one.event_timestamp == datetime(2026, 11, 20, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-20 13:00:00+0800",
        "2026-11-20T13:00:00+08:00",
        "2026-11-20 13:00:00 Asia/Singapore",
        "11/20/2026 13:00:00+08:00",
        "11/20/2026 01:00:00 PM Asia/Singapore",
        '"Nov 20,2026 01:00:00 PM"',
    ],
)
def test_times_are_read_as_google_lets_them_be_written(written: str) -> None:
    one = google(f"c,Order,{written},,,A-1", zone=ZoneInfo("Asia/Singapore")).one
    assert one.event_timestamp == datetime(2026, 11, 20, 5, tzinfo=UTC)


def test_the_zone_of_the_file_stands_above_its_columns() -> None:
    text = f"Parameters:TimeZone=America/New_York\n{GOOGLE}\nc,Order,2026-07-01 12:00:00,,,A"
    assert Read(text, "google_ads").one.event_timestamp == datetime(2026, 7, 1, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("c,Order,2026-11-01 01:30:00 America/New_York,,,A", "shows twice"),
        ("c,Order,2026-03-08 02:30:00 America/New_York,,,A", "shows never"),
        ("c,Order,2026-11-20 10:00:00,,,A", "does not say its zone"),
        ("c,Order,yesterday,,,A", "cannot be read"),
        ("c,Order,2026-12-24 10:00:00+00:00,,,A", "in the future"),
        (",Order,2026-11-20 10:00:00+00:00,,,", "neither a click id nor an order id"),
        ("c,Order,2026-11-20 10:00:00+00:00,12,,A", "without a currency"),
        ("c,Order,2026-11-20 10:00:00+00:00,12,dollars,A", "ISO 4217"),
        ("c,Order,2026-11-20 10:00:00+00:00,-12,SGD,A", "negative"),
        ('c,Order,2026-11-20 10:00:00+00:00,"1,5",SGD,A', "may mean two"),
        ("c,Order,2026-11-20 10:00:00+00:00,12,SGD,1.23457E+15", "cut by a spreadsheet"),
        ("c,Order,2026-11-20 10:00:00+00:00,12,SGD,A,more,cells", "8 cells under 6 columns"),
    ],
)
def test_a_line_that_cannot_be_trusted_is_refused_by_its_number(line: str, reason: str) -> None:
    read = google(line, "c,Order,2026-11-20 10:00:00+00:00,,,B")
    assert [one.conversion_id for one in read.events] == ["google_ads:B"]
    (refused,) = read.lines
    assert refused.position == "line 2"
    assert reason in refused.reason
    assert read.counts.records == 2


def test_adjustments_change_what_they_name_and_say_no_more() -> None:
    read = Read(
        "Order ID,Google Click ID,Conversion Name,Conversion Time,Adjustment Time,"
        "Adjustment Type,Adjusted Value,Adjusted Value Currency,Email\n"
        "A,,Order,,2026-11-21 10:00:00+00:00,RESTATEMENT,20,SGD,\n"
        "A,,Order,,2026-11-22 10:00:00+00:00,RETRACT,,,\n"
        "A,,Order,,2026-11-22 10:00:00+00:00,ENHANCEMENT,,,Ann@Example.com\n"
        ",c,Order,2026-11-20 10:00:00+00:00,2026-11-19 10:00:00+00:00,RETRACT,,,\n",
        "google_ads",
    )
    restated, retracted, enhanced = read.events
    assert (restated.value_micros, restated.status) == (20_000_000, None)
    assert (retracted.value_micros, retracted.status) == (None, ConversionStatus.CANCELLED)
    assert enhanced.keys == {"mail": CONTACTS.mail("ann@example.com")}
    assert {one.conversion_id for one in read.events} == {"google_ads:A"}
    assert all(one.event_timestamp is None for one in read.events)
    assert [one.reason for one in read.lines] == ["adjusted before it was converted"]


def test_a_conversion_and_its_adjustment_meet_by_click_and_time() -> None:
    placed = google("c,Order,2026-11-20 18:00:00+08:00,,,").one
    adjusted = Read(
        "Google Click ID,Conversion Name,Conversion Time,Adjustment Time,Adjustment Type\n"
        "c,Order,2026-11-20 10:00:00+00:00,2026-11-22 10:00:00+00:00,RETRACTION",
        "google_ads",
    ).one
    assert placed.conversion_id == adjusted.conversion_id


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_semicolons_and_commas_for_the_decimal_sign_are_read_as_the_mapping_says(
    encoding: str,
) -> None:
    from intent.sources.decoding import in_utf8

    text = "Nº;Fecha;Total\n7;20/11/2026 10:00;1.039,50\n"
    plain = b"".join(one or b"" for one in in_utf8(iter([text.encode(encoding)])))
    mapping = {
        "source": "tienda",
        "columns": {"conversion_id": "Nº", "event_timestamp": "Fecha", "value": "Total"},
        "time_format": "%d/%m/%Y %H:%M",
        "time_zone": "Europe/Madrid",
        "currency": "EUR",
        "decimal": ",",
    }
    one = Read(plain, "csv", mapping).one
    assert (one.conversion_id, one.value_micros) == ("tienda:7", 1_039_500_000)
    assert one.event_timestamp == datetime(2026, 11, 20, 9, tzinfo=UTC)


def test_a_mapping_reads_statuses_tests_and_what_came_before_the_click() -> None:
    mapping = {
        "source": "shop",
        "columns": {
            "conversion_id": "no",
            "event_timestamp": "at",
            "clicked_at": "click",
            "status": "state",
            "phone": "tel",
            "user_id": "who",
        },
        "statuses": {"Done": "paid"},
        "platform": "tiktok",
        "regions": ["SG"],
        "test": {"column": "who", "value": "tester"},
    }
    read = Read(
        "no,at,click,state,tel,who\n"
        "1,2026-11-20T10:00:00Z,2026-11-20T09:00:00Z,done,9123 4567,u-1\n"
        "2,2026-11-20T10:00:00Z,,done,,tester\n"
        "3,2026-11-20T10:00:00Z,2026-11-20T11:00:00Z,done,,u-1\n"
        "4,2026-11-20T10:00:00Z,,lost in the post,,u-1\n",
        "csv",
        mapping,
    )
    one = read.one
    assert (one.status, one.platform, one.user_id) == (ConversionStatus.PAID, "tiktok", "u-1")
    assert one.keys == {"phone": CONTACTS.phone("+65 9123 4567")}
    assert "9123" not in str(one)
    assert dict(read.counts.passed_over) == {"a test": 1}
    assert [line.position for line in read.lines] == ["line 4", "line 5"]


def test_meta_stages_are_revisions_of_their_lead_and_tests_are_passed_over() -> None:
    lead = "1234567890123456"
    request = {
        "data": [
            {
                "event_name": "Qualified",
                "event_time": 1_795_000_000,
                "action_source": "system_generated",
                "user_data": {"lead_id": int(lead)},
                "custom_data": {"event_source": "crm"},
            },
            {
                "event_name": "Won",
                "event_time": 1_795_100_000,
                "user_data": {"lead_id": int(lead)},
                "custom_data": {"value": 12.5, "currency": "USD"},
            },
            {"event_name": "Won", "event_time": 1_795_100_000, "user_data": {"lead_id": 12}},
        ]
    }
    read = Read(json.dumps(request), "meta_crm")
    qualified, won = read.events
    assert qualified.conversion_id == won.conversion_id == f"meta_crm:{lead}"
    assert (qualified.stage, qualified.status) == ("Qualified", None)
    assert (won.status, won.value_micros) == (ConversionStatus.PAID, 12_500_000)
    assert "digits" in read.lines[0].reason
    assert read.lines[0].position == "line 1, data 3"
    leads = Read(
        "id\tcreated_time\tfull_name\n"
        f"l:{lead}\t2026-11-20T10:00:00+0000\tAnn\n"
        f"l:{lead}\t2026-11-20T10:00:00+0000\t<test lead: dummy data for full_name>\n",
        "meta_crm",
    )
    assert leads.one.kind is ConversionKind.LEAD_FORM
    assert dict(leads.counts.passed_over) == {"a test lead": 1}
    assert Read(json.dumps({**request, "test_event_code": "T"}), "meta_crm").events == []


def test_an_order_on_whatsapp_remembers_the_click_of_its_threads_first_message() -> None:
    def pushed(**message: Any) -> str:
        value = {"messages": [{"from": "6591234567", "timestamp": "1795000000", **message}]}
        return json.dumps({"entry": [{"changes": [{"value": value}]}]})

    items = [
        {"product_retailer_id": "A1", "quantity": 2, "item_price": 19.5, "currency": "SGD"},
        {"product_retailer_id": "B1", "quantity": "1", "item_price": 1, "currency": "SGD"},
    ]
    read = Read(
        "\n".join(
            (
                pushed(id="w1", text={"body": "hi"}, referral={"ctwa_clid": "click"}),
                pushed(id="w2", order={"product_items": items}),
                pushed(id="w3", order={"product_items": [{**items[0], "quantity": "many"}]}),
            )
        ),
        "whatsapp",
    )
    assert (read.one.value_micros, read.one.keys) == (40_000_000, {"ctwa_clid": "click"})
    assert read.one.user_id == "6591234567"
    assert dict(read.counts.passed_over) == {"messages without an order": 1}
    assert read.lines[0].position == "line 3"


def test_tiktok_tells_duplicates_by_event_and_id() -> None:
    event = {
        "event": "CompletePayment",
        "event_id": "e1",
        "event_time": 1_795_000_000,
        "user": {"ttclid": "t", "phone": "a" * 64},
        "properties": {"order_id": "7", "value": 3, "currency": "THB"},
    }
    placed = {**event, "event": "PlaceAnOrder"}
    view = {**event, "event": "ViewContent"}
    read = Read("\n".join(json.dumps(one) for one in (event, event, placed, view)), "tiktok")
    first, again, other = read.events
    assert first == again
    assert first.source_event_id != other.source_event_id
    assert first.conversion_id == other.conversion_id == "tiktok:7"
    assert first.keys["phone"] == CONTACTS.phone("a" * 64) != "a" * 64
    assert dict(read.counts.passed_over) == {"an event that is no conversion": 1}


def test_of_shopify_the_latest_payload_is_the_truth() -> None:
    order = {
        "id": 450789469,
        "name": "#1001",
        "created_at": "2026-11-20T10:00:00+08:00",
        "updated_at": "2026-11-20T10:00:00+08:00",
        "current_total_price": "39.90",
        "currency": "SGD",
        "financial_status": "paid",
        "landing_site": "/?gclid=g1&x=1",
        "discount_codes": [{"code": "LIVE7"}],
        "phone": "+6591234567",
        "test": False,
    }
    later = {**order, "updated_at": "2026-11-21T10:00:00+08:00", "financial_status": "refunded"}
    read = Read(json.dumps({"orders": [order, later, {**order, "test": True}]}), "shopify")
    paid, refunded = read.events
    assert (paid.status, refunded.status) == (ConversionStatus.PAID, ConversionStatus.REFUNDED)
    assert paid.conversion_id == refunded.conversion_id == "shopify:450789469"
    assert paid.changed_timestamp < refunded.changed_timestamp
    assert {"gclid": "g1", "code": "LIVE7"}.items() <= paid.keys.items()
    assert dict(read.counts.passed_over) == {"a test order": 1}


def test_the_csv_that_a_shop_exports_has_several_lines_an_order() -> None:
    read = Read(
        "Name,Email,Financial Status,Paid at,Currency,Total,Refunded Amount,Created at,Lineitem name\n"
        "#1001,a@b.co,paid,2026-11-20 10:05:00 +0800,SGD,39.90,0.00,2026-11-20 10:00:00 +0800,dress\n"
        "#1001,,,,,,,,belt\n"
        "#1002,,refunded,,SGD,10.00,10.00,2026-11-20 10:00:00 +0800,belt\n",
        "shopify",
    )
    first, second = read.events
    assert (first.status, second.status) == (ConversionStatus.PAID, ConversionStatus.REFUNDED)
    assert dict(read.counts.passed_over) == {"another line of the order above": 1}


def test_a_file_that_is_none_of_these_is_told_before_anything_is_read() -> None:
    for text, words in (("", "empty"), ("hello\n", "neither JSON nor a CSV")):
        with pytest.raises(WrongUse, match=words):
            Read(text, "csv")
    with pytest.raises(WrongUse, match="no format"):
        Read("a,b\n", "excel")
    broken = Read('[{"conversion_id": "1"}, {"conv', "json")
    assert [line.position for line in broken.lines] == ["record 1", "the rest of the file"]


def test_a_phone_number_has_one_key_however_it_is_written() -> None:
    written = ("+65 9123 4567", "006591234567", "6591234567", "(+65)9123-4567")
    assert len({CONTACTS.phone(one) for one in written} | {CONTACTS.phone("91234567", ["SG"])}) == 1
    assert CONTACTS.phone("91234567") is None
    assert CONTACTS.phone("12") is None
    assert ContactKeys(lambda: b"other" * 8).phone("+6591234567") != CONTACTS.phone("+6591234567")
