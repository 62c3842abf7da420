"""A report of attribution: linked, credited and caused, to the sentence, as it stood on any day."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from intent.model.errors import WrongUse
from intent.model.experiment import ComparedRatio, Experiment, ExperimentArm, UnitKind
from intent.model.outcomes import ConversionEvent, ConversionKind, ConversionStatus
from intent.operations.attribution import AttributionTold, attribution_report
from intent.outcomes.crediting import CreditRule
from intent.outcomes.exposures import ExposureRecorder, save_experiment
from intent.outcomes.outcome_books import outcome_books
from intent.outcomes.reading import read_clock
from intent.outcomes.recording import OutcomeRecorder
from intent.report.attribution_figures import AttributionReport
from intent.report.attribution_page import attribution_file, plain_attribution
from intent.store.identities import Identity
from tests.conftest import EPOCH, MakeMessage, rows
from tests.integration.conftest import House

HOUR = timedelta(hours=1)


def no_phones(connection: Any, identities: Sequence[Identity]) -> dict[Identity, Sequence[str]]:
    return {}


def order(number: int, user: str | None, **values: Any) -> ConversionEvent:
    given: dict[str, Any] = {
        "source": "shop",
        "source_event_id": f"{number}-{values.get('status', '')}",
        "conversion_id": f"shop:{number}",
        "kind": ConversionKind.ORDER,
        "status": ConversionStatus.PAID,
        "value_micros": 10_000_000,
        "currency": "SGD",
        "platform": "tiktok",
        "user_id": user,
        "event_timestamp": EPOCH + HOUR,
        "changed_timestamp": EPOCH + HOUR,
    }
    return ConversionEvent(**{**given, **values})


def record(house: House, *events: ConversionEvent) -> None:
    with house.database.begin() as transaction:
        OutcomeRecorder(house.tombstones).conversions(transaction, events)


def report(house: House, **values: Any) -> AttributionReport:
    told = AttributionTold(window=24 * HOUR, phones_of=no_phones, **values)
    return attribution_report(house.database, told)


def sold(house: House, make_message: MakeMessage) -> None:
    """Ann asked twice, was answered once, and bought; Ben bought and wrote nothing; Cat asked."""
    house.local = house.make("price_inquiry")
    asked = make_message("how much <b>now</b>?", user_id="ann")
    house.work(
        asked,
        make_message(
            "39", user_id="host", author_role="host", reply_to={"message_id": asked.message_id}
        ),
        make_message("ok I take it", user_id="ann"),
        make_message("how much?", user_id="cat"),
        unsure=False,
    )
    record(house, order(1, "ann"), order(2, "ben"), order(3, "ann"))


def test_the_three_stand_side_by_side_and_are_not_mixed(
    house: House, make_message: MakeMessage
) -> None:
    sold(house, make_message)
    found = report(house)
    assert (found.conversions, found.standing, found.values) == (3, 3, {"SGD": 30_000_000})
    assert (found.linked.linked, found.linked.methods) == (2, {"platform_user": 2})
    for one in found.credited:
        assert round(sum(one.kinds.values()), 9) == round(sum(one.intents.values()), 9) == 2
    by_rule = {one.rule: one for one in found.credited}
    assert by_rule["last_touch"].kinds == {"comment": 2.0, "reply": 0.0}
    assert by_rule["linear"].values == {"SGD": 20_000_000}
    assert found.caused.difference is None
    assert "nothing was withheld" in (found.caused.why_not or "")
    assert {(one.conversion_id, one.revision, one.decided_by) for one in found.sentences} == {
        ("shop:1", 0, "local"),
        ("shop:3", 0, "local"),
    }


def test_a_day_stays_as_it_was_after_refunds_and_new_decisions(
    house: House, make_message: MakeMessage
) -> None:
    sold(house, make_message)
    with house.database.read() as connection:
        then = read_clock(connection)
    before = report(house, as_of=then)
    refunded = ConversionStatus.REFUNDED
    record(house, order(1, "ann", status=refunded, changed_timestamp=EPOCH + 2 * HOUR))
    record(house, order(4, "cat"))
    house.work(make_message("me too", user_id="ann"), unsure=False)
    assert report(house, as_of=then) == before
    now = report(house)
    assert (now.conversions, now.standing) == (4, 3)
    assert now.linked.linked == 2
    assert {one.status for one in now.sentences} == {"paid", "refunded"}


def test_credits_and_links_of_a_named_run_are_kept_once(
    house: House, make_message: MakeMessage
) -> None:
    sold(house, make_message)
    for _ in range(2):
        report(house, run="autumn")
        kept = rows(house.database, "credits")
        assert {one["run"] for one in kept} == {f"autumn/{rule}" for rule in CreditRule}
        assert len(kept) == 2 * 3 * len(CreditRule)
        assert len(rows(house.database, "conversion_links")) == 4
    with house.database.read() as connection:
        assert outcome_books(connection).holds


def test_a_run_holds_the_credits_of_one_report(house: House, make_message: MakeMessage) -> None:
    sold(house, make_message)
    report(house, run="autumn")
    before = rows(house.database, "credits")
    house.work(make_message("and me", user_id="ann"), unsure=False)
    with pytest.raises(WrongUse, match="keep these under another --run"):
        report(house, run="autumn")
    assert rows(house.database, "credits") == before
    report(house, run="winter")
    shares: Counter[tuple[str, str]] = Counter()
    for one in rows(house.database, "credits"):
        shares[one["run"], one["conversion_id"]] += one["share"]
    assert {round(share, 9) for share in shares.values()} == {1.0}


def test_an_experiment_says_what_was_caused(house: House, make_message: MakeMessage) -> None:
    tried = Experiment(
        name="answers",
        unit=UnitKind.VIEWER,
        arms=(ExperimentArm("withheld"), ExperimentArm("given")),
        metric=ComparedRatio.ORDERS_PER_VIEWER,
        started=EPOCH,
        salt="s",
    )
    people = [f"u-{number}" for number in range(400)]
    with house.database.begin() as transaction:
        save_experiment(transaction, tried)
        recorder = ExposureRecorder(house.tombstones)
        recorder.expose(transaction, tried, "tiktok", people, EPOCH)
    given = [one for one in people if tried.arm_of("tiktok", one) == "given"]
    record(house, *[order(number, user) for number, user in enumerate(given[:100])])
    found = report(house, experiment="answers").caused
    assert found.units == (400 - len(given), len(given))
    assert found.rates == (0.0, 100 / len(given))
    assert found.caused is not None
    made, low, high = found.caused
    assert low < made < high
    assert round(made) == 100
    assert found.maturity == 1.0
    shown = attribution_file(report(house, experiment="answers"))
    assert "100.0 orders were caused" in shown


def test_the_page_needs_nothing_else_and_escapes_what_people_wrote(
    house: House, make_message: MakeMessage
) -> None:
    sold(house, make_message)
    found = report(house)
    page = attribution_file(found)
    assert "&lt;b&gt;now&lt;/b&gt;" in page
    assert re.search(r"<script|https?://|<b>", page) is None
    assert page.index("Linked") < page.index("Credited") < page.index("Caused")
    plain = plain_attribution(found)
    assert plain["window"] == 86_400.0
    assert plain["sentences"][0]["labels"] == ["price_inquiry"]
