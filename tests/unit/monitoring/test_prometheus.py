"""Metrics follow Prometheus' conventions, begin at 0, and hold no value that nobody knew before."""

from __future__ import annotations

import shutil
import subprocess
import sys
from itertools import product

import pytest
from prometheus_client.parser import text_string_to_metric_families

from intent.model import process_instruments as told
from intent.model.database_instruments import DATABASE_UP, INBOX, OF_DATABASE
from intent.model.instruments import Instrument, InstrumentKind, Level
from intent.model.process_instruments import OF_PROCESSES
from intent.monitoring.prometheus import PrometheusMeter

EVERY = (*OF_PROCESSES, *OF_DATABASE)


def values(meter: PrometheusMeter) -> dict[tuple[str, tuple[str, ...]], float]:
    page, _ = meter.page()
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


def told_of_everything() -> PrometheusMeter:
    meter = PrometheusMeter(OF_PROCESSES)
    for one in OF_PROCESSES:
        for labels in product(*(given or ("GET /v1/leads",) for given in one.labels.values())):
            if one.kind is InstrumentKind.HISTOGRAM:
                meter.observe(one, [0.3, 7.0], *labels)
            elif one.kind is InstrumentKind.COUNTER:
                meter.count(one, 3, *labels)
            else:
                meter.set(one, 1.0, *labels)
    readings = [
        Level(one, 1.0, labels)
        for one in OF_DATABASE
        for labels in product(*(given or ("0001",) for given in one.labels.values()))
    ]
    meter.also(OF_DATABASE, lambda: readings)
    return meter


def test_promtool_finds_nothing_to_say_of_the_metrics() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed; Debian has it in the package prometheus")
    page, _ = told_of_everything().page()
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=page, capture_output=True, check=False, timeout=60
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_every_metric_is_on_the_page_under_its_name() -> None:
    page, _ = told_of_everything().page()
    for one in EVERY:
        assert f"# TYPE {one.name} {one.kind}\n" in page.decode()


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.short)
def test_names_say_their_unit_and_labels_are_bounded(one: Instrument) -> None:
    assert (one.kind is InstrumentKind.COUNTER) == one.short.endswith("_total")
    assert (one.kind is InstrumentKind.HISTOGRAM) == bool(one.buckets)
    assert list(one.buckets) == sorted(one.buckets)
    assert one.ages == one.short.endswith("_age_seconds")
    series = 1
    for given in one.labels.values():
        series *= len(given) or 1
    assert series <= 20
    assert set(one.labels).isdisjoint({"room", "room_id", "user_id", "platform", "source", "text"})


def test_a_counter_stands_at_zero_before_the_first_event() -> None:
    found = values(PrometheusMeter(OF_PROCESSES))
    assert found[told.DECIDED.name, ("llm",)] == 0
    assert found[told.FROM_CACHE.name, ()] == 0


def test_a_value_that_nobody_knew_before_is_counted_as_other() -> None:
    meter = PrometheusMeter(OF_PROCESSES)
    for number in range(1_000):
        meter.count(told.DECIDED, 1, f"user-{number}")
    found = values(meter)
    assert found[told.DECIDED.name, ("other",)] == 1_000
    assert not any("user-" in label for _, labels in found for label in labels)


def test_what_a_process_does_not_tell_of_is_dropped() -> None:
    meter = PrometheusMeter([told.DECIDED])
    meter.count(told.QUESTIONS, 1, "improved")
    meter.observe(told.DECIDE, [1.0])
    meter.set(told.BREAKER, 1.0, "open")
    assert told.QUESTIONS.name not in meter.page()[0].decode()


def test_the_database_is_asked_when_somebody_looks_and_not_before() -> None:
    looked: list[int] = []

    def read() -> list[Level]:
        looked.append(1)
        return [Level(INBOX, 7, ("fresh",)), Level(DATABASE_UP, 1)]

    meter = PrometheusMeter([])
    meter.also([INBOX, DATABASE_UP], read)
    assert not looked
    assert values(meter)[INBOX.name, ("fresh",)] == 7
    assert len(looked) == 1


def test_the_page_speaks_openmetrics_to_who_asks_for_it() -> None:
    page, content_type = PrometheusMeter([]).page("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert page.endswith(b"# EOF\n")


def test_where_nobody_looks_nothing_of_it_is_loaded() -> None:
    script = (
        "import sys; from intent.bootstrap import asking, deciding, hooks, listening, monitoring;"
        "from intent.flow import asker, deliver, listen, worker;"
        "from intent.classify.llm import metered_chat; from intent.hooks import metered_courier;"
        "print([name for name in sys.modules if name.startswith(('prometheus', 'opentelemetry'))])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert ran.stdout == "[]\n"
