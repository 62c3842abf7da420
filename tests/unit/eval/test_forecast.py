"""What a run would cost is said before anything is spent, with the requests that it would send."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from eval.__main__ import app
from eval.run.forecast import estimate
from eval.run.purse import Purse
from eval.run.request import RunRequest
from eval.run.start import start
from eval.standin.fake_llm_server import FakeLlmServer
from tests.unit.eval.oracle import taxonomy, write_small_suite


@pytest.fixture
def server(monkeypatch):
    with FakeLlmServer(taxonomy()) as standin:
        monkeypatch.setenv("INTENT_LLM_BASE_URL", standin.url)
        monkeypatch.setenv("INTENT_LLM_PRICE_INPUT", "1")
        monkeypatch.setenv("INTENT_LLM_PRICE_OUTPUT", "4")
        yield standin


@pytest.fixture
def asked(tmp_path: Path, server) -> RunRequest:
    suite = write_small_suite(tmp_path, rows=40)
    return RunRequest(suite, tmp_path / "run", store=tmp_path / "replies.db")


def invoke(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_an_estimate_is_near_what_is_spent_and_spends_nothing(asked, server) -> None:
    told = estimate(asked)
    assert len(server.seen) == 0
    assert not asked.out.exists()
    assert (told.messages, told.kept, told.asked, told.seconds) == (40, 0, 40, None)
    purse = Purse()
    start(replace(asked, purse=purse))
    assert told.requests == len(server.seen)
    assert told.input_tokens == pytest.approx(server.count.input, rel=0.3)
    assert told.dollars == pytest.approx(purse.dollars, rel=0.3)
    assert purse.dollars < told.dollars_most


def test_what_was_asked_once_is_not_paid_for_again_and_tells_how_long_it_takes(
    asked, server
) -> None:
    start(replace(asked, filters=("kind=comment",), sample=20))
    told = estimate(asked)
    assert told.kept == 20
    assert told.asked == 20
    assert told.seconds is not None
    assert told.seconds > 0
    # Another temperature is another prompt: nothing is kept of it, but the server is known.
    other = estimate(replace(asked, parameters=(("temperature", "0.7"),)))
    assert other.kept == 0
    assert other.seconds is not None
    assert not list(asked.out.parent.glob("*.prompts"))
    again = replace(asked, fresh=True)
    assert estimate(again).asked == 40


def test_a_run_says_first_what_it_costs_and_that_its_budget_is_less(asked) -> None:
    words = ("run", "--suite", asked.suite, "--store", asked.store, "-o", asked.out)
    only = invoke(*words, "--estimate")
    assert only.exit_code == 0
    assert "40 asked in" in only.stderr
    assert not asked.out.exists()
    short = invoke(*words, "--budget", "0.0001")
    assert short.exit_code == 1
    assert "the budget of $0.0001 is below the estimate" in short.stderr
    done = invoke(*words, "--resume")
    assert done.exit_code == 0
    assert done.stderr.index("estimate: ") < done.stderr.index("the run lies in")
    assert "nothing is asked" in invoke(*words, "--estimate").stderr
    assert "all decided locally" in invoke(*words, "--by", "local", "--estimate").stderr
