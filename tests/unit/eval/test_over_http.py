"""The bench of the service over HTTP, in a small form: a flood loses nothing and is turned away."""

from __future__ import annotations

import json

import pytest

from eval.bench.over_http import flood
from eval.bench.service_load import Load, bodies


def test_a_load_sends_each_message_once() -> None:
    sent = [json.loads(body) for body in bodies(Load(1, 3, together=2))]
    assert [one["message_id"] for pair in sent for one in pair] == [f"m-{n}" for n in range(6)]
    assert len({one["message_id"] for one in map(json.loads, bodies(Load(1, 5)))}) == 5


@pytest.mark.slow
def test_who_sends_a_hundred_times_faster_than_the_worker_is_told_to_wait_and_loses_nothing() -> (
    None
):
    report = flood(0.1, 50.0, lambda line: None)
    assert report.turned_away > 0
    assert report.asked_to_wait >= 1
    assert 0 < report.accepted < report.sent
    assert (report.stored, report.holds) == (report.accepted, True)
