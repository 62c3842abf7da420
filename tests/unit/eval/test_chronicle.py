"""History says what changed between runs of a prompt, what came of each, and what people said."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from eval.__main__ import app
from eval.report.index_page import index_page
from eval.run.manifest import read_manifest, write_manifest
from eval.run.remarks import REMARKS, read_remarks, remark
from eval.standin.fake_llm_server import FakeLlmServer
from eval.verdict.chronicle import diff_summary, past_runs
from intent.bootstrap.resources import locate
from intent.model.errors import OperatorError
from tests.unit.eval.oracle import taxonomy, write_small_suite

RULE = "Be brief, and never guess."
HOSTILE = "<img src=x onerror=alert(1)>"
NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)


def invoke(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Three runs of one prompt, a day apart: as it was, with a rule more, and by another model; the
    first is the baseline.
    """
    folder = tmp_path_factory.mktemp("history")
    suite = write_small_suite(folder, "gates: [{metric: invalid_rate, limit: 0.5}]")
    prompts = Path(shutil.copytree(locate("prompts"), folder / "prompts"))
    with pytest.MonkeyPatch.context() as patch, FakeLlmServer(taxonomy()) as server:
        patch.setenv("INTENT_LLM_BASE_URL", server.url)
        patch.setenv("INTENT_PROMPTS_DIR", str(prompts))
        runs = ("run", "--suite", suite, "--store", folder / "replies.db", "-o")
        assert invoke(*runs, folder / "runs" / "first").exit_code == 0
        shown = (prompts / "lead_intent.prompty").read_text(encoding="utf-8")
        longer = shown.replace("# How to decide\n", f"# How to decide\n{RULE}\n")
        (prompts / "lead_intent.prompty").write_text(longer, encoding="utf-8")
        assert invoke(*runs, folder / "runs" / "second").exit_code == 0
        third = invoke(*runs, folder / "runs" / "try" / "third", "--llm", "gpt-4o-mini")
        assert third.exit_code == 0
    for day, name in enumerate(("first", "second", "try/third"), 1):
        made = folder / "runs" / name
        started = datetime(2026, 11, day, tzinfo=UTC)
        write_manifest(made, read_manifest(made).model_copy(update={"started": started}))
    return folder / "runs"


def test_what_changed_in_the_prompt_is_told_in_a_few_words(home) -> None:
    changes = {one.name: one.change for one in past_runs(home)}
    assert changes == {
        "first": "the first",
        "second": f"+1 −0 lines: + {RULE}",
        "try/third": "LLM gpt-6-luna → gpt-4o-mini",
    }


def test_a_diff_says_how_many_lines_came_and_went_and_the_first_of_them() -> None:
    assert diff_summary("a\nb\n", "a\nb\n") == ""
    assert diff_summary("a\nb\n", "a\n") == "+0 −1 lines: − b"
    assert diff_summary("a\nb\n", f"a\n{'c' * 90}\n").startswith(f"+1 −1 lines: + {'c' * 59}…")


def test_each_run_has_its_verdict_its_numbers_and_what_people_said(home) -> None:
    assert invoke("note", home / "second", "shorter", "--tag", "b", "--tag", "a").exit_code == 0
    assert invoke("note", home / "second", "--untag", "b").exit_code == 0
    found = invoke("history", home, "--prompt", "lead_intent", "--json")
    lines = [json.loads(line) for line in found.stdout.splitlines() if line.startswith("{")]
    assert [one["run"] for one in lines] == ["first", "second", "try/third"]
    assert {one["verdict"] for one in lines} == {"passed"}
    assert lines[1]["tags"] == ["a"]
    assert [one["text"] for one in lines[1]["notes"]] == ["shorter"]
    assert all(one["lead_f1"] is not None for one in lines)
    assert invoke("history", home).exit_code == 0


def test_the_index_links_to_every_report_and_draws_the_trend(home) -> None:
    remark(home / "first", text=HOSTILE, now=NOW)
    page = index_page(past_runs(home), home)
    links = re.findall(r'href="([^"]+report\.html)"', page)
    assert links == ["try/third/report.html", "second/report.html", "first/report.html"]
    assert all((home / link).exists() for link in links)
    assert page.count("<svg") == 3
    assert page.count('class="mark"') == 9
    assert HOSTILE not in page
    assert "&lt;img src=x" in page


def test_what_is_no_run_has_no_notes_and_a_damaged_file_is_named(home, tmp_path) -> None:
    with pytest.raises(OperatorError, match="no finished run"):
        past_runs(tmp_path)
    with pytest.raises(OperatorError, match="no finished run of the prompt nobody"):
        past_runs(home, "nobody")
    with pytest.raises(OperatorError, match="is no run"):
        remark(tmp_path, text="x", now=NOW)
    assert invoke("note", home / "first").exit_code == 2
    (tmp_path / REMARKS).write_text("[")
    with pytest.raises(OperatorError, match=REMARKS):
        read_remarks(tmp_path)
