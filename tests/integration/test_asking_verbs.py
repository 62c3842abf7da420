"""The verbs around the LLM, against the stand-in server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.standin.fake_llm_server import FakeLlmServer
from intent.model.taxonomy import Taxonomy
from tests.integration.test_command_line import SAMPLE, Run, run

__all__ = ["run"]

EVER = ("--from", "2020-01-01T00:00:00Z", "--to", "2030-01-01T00:00:00Z")


@pytest.fixture
def server(taxonomy: Taxonomy, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLlmServer]:
    with FakeLlmServer(taxonomy) as server:
        monkeypatch.setenv("INTENT_LLM_BASE_URL", server.url)
        monkeypatch.setenv("INTENT_ASK_GATHER", "0.01")
        yield server


def test_from_a_file_through_the_llm_to_a_promoted_backfill(
    run: Run, server: FakeLlmServer
) -> None:
    run("ingest", SAMPLE)
    worked = run("work", "--drain", "--json").lines()[0]
    assert worked["unsure"] == worked["asking"]["improved"] > 0
    assert run("lane", "--json").lines()[0]["waiting"] == []
    put = run("backfill", *EVER, "--run", "trial", "--json").lines()
    assert put == [{"run": "trial", "questions": 362}]
    (waiting,) = run("lane", "--json").lines()[0]["waiting"]
    assert (waiting["run"], waiting["priority"], waiting["questions"], waiting["held"]) == (
        "trial",
        "backfill",
        362,
        0,
    )
    refused = run("runs", "promote", "trial")
    assert (refused.code, "still open" in refused.err) == (1, True)
    assert run("ask", "--drain", "--json").lines()[0]["improved"] == 362
    found = run("runs", "diff", "trial", "--json").lines()[0]
    assert found["compared"] == 362
    assert found["changed"] > 0
    leads = len(run("leads", "--json").lines())
    assert run("runs", "promote", "trial", "--json").lines() == [
        {"run": "trial", "promoted": 362, "interrupted": False}
    ]
    assert (
        len(run("leads", "--json").lines()) == leads + found["leads_gained"] - found["leads_lost"]
    )
    assert run("audit").code == 0
    assert [
        line["shown"] for line in run("runs", "list", "--json").lines() if line["name"] == "trial"
    ] == [362]
    assert "spent" in run("lane").out.lower()


def test_told_not_to_ask_the_worker_leaves_questions_in_the_lane(
    run: Run, server: FakeLlmServer
) -> None:
    run("ingest", SAMPLE)
    worked = run("work", "--drain", "--no-ask", "--json").lines()[0]
    assert ("asking" in worked, server.seen) == (False, [])
    assert run("lane", "--json").lines()[0]["waiting"][0]["questions"] == worked["unsure"] > 0
    assert run("ask", "--drain").code == 0


def test_a_paused_lane_asks_nothing_until_it_is_resumed(run: Run, server: FakeLlmServer) -> None:
    run("ingest", SAMPLE)
    run("work", "--drain", "--no-ask")
    assert "intent lane resume" in run("lane", "pause").err
    assert run("lane", "--json").lines()[0]["paused"]
    asked = run("ask", "--drain")
    assert (asked.code, "the lane is paused" in asked.err, server.seen) == (1, True, [])
    assert run("lane", "resume", "--json").lines()[0]["waiting"] > 0
    assert run("ask", "--drain").code == 0
    assert run("lane", "--json").lines()[0]["waiting"] == []


def test_without_an_llm_nothing_is_unsure_and_the_log_says_once_that_it_is_off(run: Run) -> None:
    run("ingest", SAMPLE)
    worked = run("work", "--drain", "--json")
    assert worked.lines()[0]["unsure"] == 0
    assert worked.err.count("the LLM is off") == 1
    asked = run("ask")
    assert (asked.code, "INTENT_LLM_BASE_URL" in asked.err) == (1, True)


def test_a_person_is_forgotten(run: Run, tmp_path: Path) -> None:
    run("ingest", SAMPLE)
    run("work", "--drain")
    assert run("forget", "--user", "tiktok:u_laozhou58", "--json").lines()[0]["messages"] > 0
    assert run("forget", "--user", "tiktok:u_laozhou58", "--json").lines()[0]["messages"] == 0
    again = run("ingest", SAMPLE)
    assert "they are of people, messages or rooms that were forgotten" in again.err
    assert run("forget", "--again", "--json").lines()[0]["messages"] == 0
    assert run("forget", "--room", "tiktok:nowhere", "--anyway").code == 0
    assert run("audit").code == 0
    for words in ([], ["--again", "--user", "tiktok:u_1"], ["--message", "a:b", "--room", "a:b"]):
        assert "say one of" in run("forget", *words).err
    wrong = run("forget", "--user", "u_laozhou58")
    assert (wrong.code, "PLATFORM:ID" in wrong.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ["backfill", "--from", "yesterday", "--to", "2030-01-01T00:00:00Z", "--run", "x"],
            2,
            "is no time",
        ),
        (["backfill", "--to", EVER[1], "--from", EVER[3], "--run", "x"], 2, "is not before"),
        (["backfill", *EVER, "--run", "x", "--prompt", "unheard_of"], 1, "there is no prompt"),
        (["runs", "diff", "unheard-of"], 1, "intent runs list"),
        (["runs", "promote", "production"], 1, "visible already"),
    ],
)
def test_wrong_use_is_answered_with_a_sentence(
    run: Run, arguments: list[str], code: int, said: str
) -> None:
    run("migrate")
    result = run(*arguments)
    assert (result.code, said in " ".join(result.err.split()), "Traceback" in result.err) == (
        code,
        True,
        False,
    )
    assert len(run("runs", "list", "--json").lines()) == 1, "nothing was begun"
