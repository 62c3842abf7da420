"""What an LLM said stays as it came: kept, counted, shown; and a prompt whose replies break is
measured.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from eval.__main__ import app
from eval.measure.finished import load_run
from eval.measure.metrics import measure
from eval.report.page import page
from eval.run.items import load_items
from eval.run.predictions import read_predictions
from eval.run.request import RunRequest
from eval.run.runner import PREDICTIONS
from eval.run.start import start
from eval.run.suite import load_suite
from eval.standin.fake_llm_server import FakeLlmServer
from eval.standin.faults import FAULTS, Fault
from eval.verdict.checks import Verdict
from eval.verdict.gate import check_run
from eval.verdict.judged import judge
from tests.unit.eval.oracle import browsed, chance, taxonomy, write_small_suite, write_suite

SAMPLE = 60


@pytest.fixture
def suite(tmp_path):
    return write_suite(tmp_path)


@pytest.fixture
def server(monkeypatch):
    with FakeLlmServer(taxonomy()) as standin:
        monkeypatch.setenv("INTENT_LLM_BASE_URL", standin.url)
        yield standin


def run(suite: Path, name: str, **more):
    out = suite.parent / name
    store = suite.parent / "replies.db"
    start(RunRequest(suite, out, by="llm", **{"sample": SAMPLE, "store": store, **more}))
    return out


def asking(found) -> dict:
    return measure(found.scored, found.suite, taxonomy())["asking"]


@pytest.mark.parametrize("share", [0.03, 0.3, 0.9])
def test_a_prompt_whose_replies_break_for_some_messages_is_measured(suite, server, share) -> None:
    """Whatever stands beside such a message is asked about again by itself, and answered."""
    server.breaks_on = lambda text: chance("breaks", text) < share
    found = load_run(run(suite, "run"), taxonomy())
    assert len(found.predictions) == SAMPLE
    for one in found.predictions:
        breaks = server.breaks_on(found.items[one.id].row.input.text)
        if one.status == "invalid":
            assert one.calls[-1].outcome == "invalid"
            assert one.calls[-1].messages == 1
        else:
            assert not breaks or "[" in one.calls[-1].sent
    rate = next(
        check
        for check in check_run(found, found, taxonomy()).checks
        if check.name == "invalid_rate limit"
    )
    assert rate.verdict is Verdict.FAILED


def test_a_prompt_that_breaks_for_one_language_alone_is_measured_though_its_messages_come_together(
    suite, server
) -> None:
    server.breaks_on = lambda text: any("\u0e00" <= sign <= "\u0e7f" for sign in text)
    rooms = load_items(load_suite(suite))
    thai = sum(server.breaks_on(item.row.input.text) for item in rooms)
    assert thai > 40
    found = load_run(run(suite, "run", filters=("lang=th",), sample=None), taxonomy())
    broken = {one.id for one in found.predictions if one.status == "invalid"}
    assert len(broken) >= 40
    assert all(server.breaks_on(found.items[key].row.input.text) for key in broken)


def test_a_prompt_that_breaks_for_every_message_is_measured_as_what_it_is(suite, server) -> None:
    server.breaks_on = lambda text: True
    found = load_run(run(suite, "run"), taxonomy())
    assert {one.status for one in found.predictions} == {"invalid"}
    assert asking(found)["valid_at_first_try"] == 0.0


def test_what_came_back_is_kept_with_what_was_asked_the_re_asks_and_the_tokens(
    suite, server
) -> None:
    server.then(FAULTS["prose"], FAULTS["missing"])
    found = load_run(run(suite, "run"), taxonomy())
    calls = [one.calls for one in found.predictions]
    assert all(calls)
    assert any(
        first.outcome == "invalid" and first.reply.startswith("Sure! Here") and first.messages > 1
        for first, *_ in calls
    )
    again = [each for each in calls if len(each) > 1]
    assert again
    assert all(each[-1].outcome == "answered" for each in again)
    assert all(call.input_tokens > call.output_tokens > 0 for each in calls for call in each)
    for each in calls:
        sent = json.loads(each[-1].sent)
        said = json.loads(each[-1].reply)
        assert [item["id"] for item in said["labels"]] == [sent["id"]]
    counted = asking(found)
    assert counted["valid_at_first_try"] == pytest.approx(
        sum(each[0].outcome == "answered" for each in calls) / SAMPLE, abs=1e-6
    )
    assert counted["asked_again"] == pytest.approx(len(again) / SAMPLE, abs=1e-6)


def test_slots_that_do_not_stand_in_their_message_are_counted_and_shown(suite, server) -> None:
    server.always = FAULTS["invented slots"]
    folder = run(suite, "run")
    found = load_run(folder, taxonomy())
    assert asking(found)["invented_slots"] == SAMPLE
    assert all(one.slots == () for one in found.predictions)
    assert all("free iPhone" in one.calls[-1].reply for one in found.predictions)
    text = page(judge(folder, taxonomy(), baselines=suite.parent), taxonomy())
    calls = [call for one in browsed(text)["messages"] for call in one["said"][-1]["calls"]]
    assert calls
    assert all("free iPhone" in call["reply"] and call["invented"] == 1 for call in calls)


def test_contact_details_are_disguised_in_what_was_asked_and_in_what_came_back(
    suite, server
) -> None:
    told = "call +60 12 345 6789"
    server.always = Fault(
        bend=lambda reply: {
            **reply,
            "labels": [{**item, "why": told} for item in reply["labels"]],
        }
    )
    server.then(Fault(bend=lambda reply: told))
    found = load_run(run(suite, "run", filters=("label=contact_request",)), taxonomy())
    shown = "".join(call.sent + call.reply for one in found.predictions for call in one.calls)
    assert "345 6789" not in shown
    assert '"why": "call [phone' in shown
    assert any(one.calls[0].reply.startswith("call [phone") for one in found.predictions)


def test_a_replay_shows_the_same_calls_without_any(suite, server) -> None:
    server.then(FAULTS["prose"], FAULTS["duplicate"])
    online = run(suite, "online")
    sent = len(server.seen)
    offline = run(suite, "offline", offline=True)
    assert len(server.seen) == sent
    assert read_predictions(offline / PREDICTIONS) == read_predictions(online / PREDICTIONS)


def test_a_gate_names_the_share_of_replies_that_were_valid_at_the_first_try(suite, server) -> None:
    small = write_small_suite(suite.parent, "gates: [{metric: valid_at_first_try, limit: 0.99}]")
    server.breaks_on = lambda text: chance("breaks", text) < 0.2
    words = ["gate", "--suite", small, "--llm", "gpt-4o-mini", "--param", "temperature=0.3"]
    words += ["-o", suite.parent / "gated", "--store", suite.parent / "replies.db"]
    ended = CliRunner().invoke(app, [str(word) for word in words])
    assert ended.exit_code == 100, ended.output
    assert "valid_at_first_try limit: replies that can be used at the first try is" in ended.output
    assert {(one.body["model"], one.body["temperature"]) for one in server.seen} == {
        ("gpt-4o-mini", 0.3)
    }
