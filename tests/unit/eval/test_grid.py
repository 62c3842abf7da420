"""Several prompts and LLMs in one command: a run for each, beside each other, and gone on with."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from eval.__main__ import app
from eval.run.grid import spread
from eval.run.manifest import read_manifest
from eval.run.request import RunRequest
from eval.run.suite import load_suite
from eval.standin.fake_llm_server import FakeLlmServer
from eval.standin.faults import FAULTS
from intent.model.errors import OperatorError, TemplateError
from tests.unit.eval.oracle import taxonomy, write_small_suite

LLMS = ("gpt-4o-mini", "gpt-6-luna")


def folders(suite: Path, prompts=(), llms=()) -> list[tuple[str, str | None, str | None]]:
    asked = RunRequest(suite, Path("runs/many"))
    return [
        (one.out.as_posix(), one.prompt, one.llm)
        for one in spread(asked, load_suite(suite), prompts, llms)
    ]


def test_every_prompt_is_run_with_every_llm_in_a_folder_named_by_what_tells_them_apart(
    tmp_path,
) -> None:
    suite = write_small_suite(tmp_path)
    assert folders(suite, ("a", "b"), ("x", "y/z:8b")) == [
        ("runs/many/a-x", "a", "x"),
        ("runs/many/a-y_z_8b", "a", "y/z:8b"),
        ("runs/many/b-x", "b", "x"),
        ("runs/many/b-y_z_8b", "b", "y/z:8b"),
    ]
    assert folders(suite, ("a", "b"), ("x",)) == [
        ("runs/many/a", "a", "x"),
        ("runs/many/b", "b", "x"),
    ]
    assert folders(suite, (), ("y/z", "y:z")) == [
        ("runs/many/y_z", None, "y/z"),
        ("runs/many/y_z-2", None, "y:z"),
    ]


def test_one_prompt_and_one_llm_are_a_run_as_before(tmp_path) -> None:
    suite = write_small_suite(tmp_path)
    assert folders(suite) == [("runs/many", None, None)]
    assert folders(suite, ("a",), ("x",)) == [("runs/many", "a", "x")]


def test_a_suite_lists_what_is_put_side_by_side_and_who_names_something_else_gets_that(
    tmp_path,
) -> None:
    suite = write_small_suite(tmp_path, "prompts: [a, b]\nllms: [x]")
    assert [one[1:] for one in folders(suite)] == [("a", "x"), ("b", "x")]
    assert folders(suite, ("c",)) == [("runs/many", "c", "x")]


def test_what_is_named_twice_or_has_nobody_to_ask_is_refused(tmp_path) -> None:
    with pytest.raises(OperatorError, match="prompt a is named twice"):
        folders(write_small_suite(tmp_path), ("a", "b", "a"))
    local = write_small_suite(tmp_path, by="local")
    with pytest.raises(OperatorError, match="--by llm"):
        folders(local, ("a", "b"))
    with pytest.raises(TemplateError, match="an LLM decides"):
        load_suite(write_small_suite(tmp_path, "llms: [x]", by="local"))


def test_a_grid_that_was_cut_short_goes_on_and_asks_nothing_twice(tmp_path, monkeypatch) -> None:
    suite = write_small_suite(tmp_path)
    words = ["run", "--suite", suite, "-o", tmp_path / "many", "--store", tmp_path / "replies.db"]
    words += [word for llm in LLMS for word in ("--llm", llm)]
    with FakeLlmServer(taxonomy()) as server:
        monkeypatch.setenv("INTENT_LLM_BASE_URL", server.url)
        server.then(*[FAULTS["fenced"]] * 6, FAULTS["quota"])
        assert CliRunner().invoke(app, [str(word) for word in words]).exit_code != 0
        finished = [read_manifest(tmp_path / "many" / llm).finished for llm in LLMS]
        assert [one is not None for one in finished] == [True, False]
        before = server.answered
        ended = CliRunner().invoke(app, [str(word) for word in [*words, "--resume"]])
        assert ended.exit_code == 0, ended.output
        asked = [one.body["model"] for one in server.seen if one.status == 200]
    assert "mistakes cost least" in ended.output
    assert (tmp_path / "many" / "compare.html").exists()
    assert before < len(asked)
    assert asked.count(LLMS[0]) == asked.count(LLMS[1])
    for llm in LLMS:
        assert read_manifest(tmp_path / "many" / llm).decider.llm == llm
        assert read_manifest(tmp_path / "many" / llm).finished is not None
