"""The command line says what a script needs: exit 0 passed, 1 error, 2 wrong use, 100 gate failed,
101 inconclusive under --strict.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from eval.__main__ import app, main
from eval.verdict.baseline import BASELINES
from intent.model.errors import OperatorError
from intent.telemetry import logger
from tests.unit.eval.oracle import Oracle, confusing, local, make_run, write_suite

ROOT = Path(__file__).resolve().parents[3]
VERBS = ["run", "score", "compare", "gate", "report", "errors", "bless", "calibrate", "route"]
VERBS += ["history", "note", "disagreements"]
DATA_VERBS = ["lint", "stats", "dedupe", "agree", "export", "import", "queue", "suspects"]
DATA_VERBS += ["redteam"]


def invoke(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verbs")
    suite = write_suite(folder)
    make_run(folder / "good", suite, local(Oracle()))
    make_run(
        folder / "bad", suite, local(Oracle(twist=confusing("price_inquiry", "product_inquiry")))
    )
    make_run(folder / "other", suite, local(Oracle(wrong=0.25, seed="b")))
    assert invoke("bless", folder / "good", "--baselines", folder / "baselines").exit_code == 0
    return folder


def gate(home: Path, run: str, *more: str) -> int:
    return invoke(
        "gate",
        "--suite",
        home / "suite.yaml",
        "--run",
        home / run,
        "--baselines",
        home / "baselines",
        *more,
    ).exit_code


def test_the_gates_verdict_is_its_exit_code(home) -> None:
    assert gate(home, "good", "--strict") == 0
    assert gate(home, "bad") == 100


def test_what_cannot_be_told_fails_only_when_that_is_asked_for(home) -> None:
    text = (home / "suite.yaml").read_text()
    lenient = home / "lenient.yaml"
    lenient.write_text(text.split("gates:")[0] + "gates:\n  - {metric: lead_f1, margin: 0.0001}\n")
    make_run(home / "close", lenient, local(Oracle(seed="c")))
    make_run(home / "near", lenient, local(Oracle(seed="d")))
    assert invoke("bless", home / "close", "--baselines", home / "close_baselines").exit_code == 0
    words = [
        "gate",
        "--suite",
        lenient,
        "--run",
        home / "near",
        "--baselines",
        home / "close_baselines",
    ]
    assert invoke(*words).exit_code in {0, 100}
    strict = invoke(*words, "--strict").exit_code
    assert strict in {100, 101}
    assert (invoke(*words).exit_code, strict) in {(0, 101), (100, 100)}


def test_a_run_leaves_every_file_that_it_promises(home) -> None:
    gate(home, "bad")
    names = {path.name for path in (home / "bad").iterdir()}
    assert names == {
        "manifest.json",
        "predictions.jsonl",
        "metrics.json",
        "report.html",
        "summary.md",
        "comment.md",
        "ruling.json",
        "junit.xml",
    }
    json.loads((home / "bad" / "metrics.json").read_text())


def test_compare_prints_a_summary_for_a_pull_request_when_asked(home) -> None:
    found = invoke("compare", home / "good", home / "bad", "--markdown")
    assert found.exit_code == 0
    assert found.stdout.startswith("## Eval `test_suite`: ")
    assert "f1:price_inquiry" in found.stdout


def test_errors_are_listed_as_json_the_most_harmful_first(home) -> None:
    found = invoke("errors", home / "bad", "--json", "--limit", "20", "--filter", "lang=en").stdout
    costs = [json.loads(line)["cost"] for line in found.splitlines() if line.startswith("{")]
    assert len(costs) == 20
    assert costs == sorted(costs, reverse=True)


@pytest.mark.parametrize(
    "words",
    [["run", "--jobs", "0"], ["run", "--by", "nobody"], ["compare"], ["route"], ["nothing"]],
)
def test_wrong_use_is_exit_code_two(words) -> None:
    assert invoke(*words).exit_code == 2


@pytest.mark.parametrize(
    "words",
    [
        ["score", "nowhere"],
        ["run", "--suite", "nowhere.yaml"],
        ["run", "--filter", "colour=red", "-o", "nowhere"],
    ],
)
def test_an_error_is_one_sentence_and_exit_code_one(words, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["eval", *words])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 1
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize(
    "words", [[verb] for verb in VERBS] + [["data", verb] for verb in DATA_VERBS]
)
def test_every_verb_has_help(words) -> None:
    assert invoke(*words, "--help").exit_code == 0


def verbs_of(command: typer.core.TyperGroup, *before: str) -> Iterator[tuple[str, ...]]:
    """Yield every verb that there is, groups left out."""
    for name, one in command.commands.items():
        if isinstance(one, typer.core.TyperGroup):
            yield from verbs_of(one, *before, name)
        else:
            yield (*before, name)


def test_every_verb_of_the_workbench_shows_an_example() -> None:
    found = list(verbs_of(typer.main.get_command(app)))
    assert ("judge",) in found
    assert ("data", "lint") in found
    without = [
        words
        for words in found
        if f"python -m eval {words[0]}" not in " ".join(invoke(*words, "--help").stdout.split())
    ]
    assert without == []


@pytest.mark.slow
def test_the_shipped_suite_passes_its_gate_offline(tmp_path) -> None:
    assert (BASELINES / "local" / "manifest.json").exists()
    words = [
        sys.executable,
        "-m",
        "eval",
        "gate",
        "--suite",
        "eval/suites/local.yaml",
        "--offline",
        "-o",
        str(tmp_path / "run"),
    ]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "gate passed" in ended.stderr or "gate inconclusive" in ended.stderr


def test_a_run_that_failed_becomes_the_baseline_only_when_that_is_said(home) -> None:
    mine = home / "asked_baselines"
    assert invoke("bless", home / "good", "--baselines", mine).exit_code == 0
    before = (mine / "test_suite" / "predictions.jsonl").read_bytes()
    refused = invoke("bless", home / "bad", "--baselines", mine)
    assert isinstance(refused.exception, OperatorError)
    assert "--yes" in str(refused.exception)
    assert (mine / "test_suite" / "predictions.jsonl").read_bytes() == before
    assert invoke("bless", home / "bad", "--baselines", mine, "--yes").exit_code == 0
    assert (mine / "test_suite" / "predictions.jsonl").read_bytes() != before


def test_logs_go_to_stderr_at_the_level_that_is_asked_for(monkeypatch, capsys) -> None:
    monkeypatch.setenv("INTENT_LOG_LEVEL", "warning")
    monkeypatch.setattr(sys, "argv", ["eval", "--help"])
    with pytest.raises(SystemExit):
        main()
    capsys.readouterr()
    logger("eval").info("quiet")
    logger("eval").warning("loud")
    said = capsys.readouterr()
    assert "loud" in said.err
    assert "quiet" not in said.err
    assert said.out == ""


@pytest.mark.parametrize("word", ["temperature", "colour=red"])
def test_a_parameter_that_is_none_is_refused_with_those_that_there_are(word) -> None:
    found = invoke("run", "--param", word, "-o", "nowhere")
    assert "temperature, reasoning_effort, answer_tokens" in str(found.exception)
