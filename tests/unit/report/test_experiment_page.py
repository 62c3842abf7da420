"""A page of an experiment says its verdict first, draws the difference, and needs nothing else."""

from __future__ import annotations

import json
import re
from datetime import timedelta

from intent.experiments.analysis import analyse
from intent.model.experiment import UnitKind
from intent.report.experiment_page import experiment_file, plain_experiment
from tests.unit.experiments.live_events import UNTIL, Live, lived, tried


def read(unit: UnitKind = UnitKind.ROOM, live: Live | None = None, **of):
    experiment = tried(unit, **of)
    return analyse(experiment, lived(experiment, live or Live(), 1), UNTIL)


def test_the_verdict_comes_first_and_the_command_that_makes_it_again_last() -> None:
    found = read(live=Live(rooms=60, effect=0.8))
    page = experiment_file(found)
    told = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", told)
    assert text.index(found.verdict[0]) < text.index("Who was dealt what")
    command = (
        f"intent experiment analyze boost --metric orders_per_viewer --until {UNTIL.isoformat()}"
    )
    assert command in text
    assert "arrived by then" in text
    assert "p &lt; 0.001" in text
    assert "e-0" not in text
    assert "0.000" not in text


def test_a_page_needs_nothing_from_elsewhere_and_no_script() -> None:
    page = experiment_file(read())
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=|url\(|@import", page)
    assert "default-src 'none'" in page


def test_what_nobody_can_tell_is_null_in_json_and_not_measured_on_the_page() -> None:
    found = read(live=Live(rooms=4, viewers=2))
    plain = plain_experiment(found)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["outlook"] == "too_few"
    assert "not measured" in experiment_file(found)
    assert "not measured to" not in experiment_file(found)


def test_blocks_of_time_say_their_length() -> None:
    page = experiment_file(
        read(UnitKind.TIME, block=timedelta(minutes=15), burn_in=timedelta(minutes=3))
    )
    assert "blocks of 15 min, burn-in 3 min" in page
    assert "--burn-in 3" in page


def test_what_is_written_beside_an_interval_is_within_the_drawing() -> None:
    page = experiment_file(read(live=Live(rooms=60, effect=0.8)))
    (width,) = (float(one) for one in re.findall(r'viewBox="0 0 (\d+) ', page))
    written = re.findall(r'<text x="(\d+)"[^>]*>([^<]*)</text>', page)
    assert len(written) == 2
    assert all(float(at) + 7 * len(text) < width for at, text in written)
