"""The example of continuous integration is one that a server reads, and its commands are ours."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

import eval.__main__ as workbench
from eval.run.suite import load_suite
from intent.cli import app as command_line
from tests.unit.eval.oracle import Oracle, local, make_run, write_suite

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "github-actions.yml"
OURS = {"python -m eval ": workbench.app, "intent ": command_line.app}


def jobs() -> dict[str, dict]:
    return yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))["jobs"]


def lines() -> list[str]:
    """Return every line that a step runs."""
    steps = [step for job in jobs().values() for step in job["steps"]]
    return [line for step in steps for line in step.get("run", "").splitlines()]


def ours() -> list[str]:
    return [line for line in lines() if line.startswith(tuple(OURS))]


@pytest.mark.parametrize("line", ours())
def test_every_command_of_ours_is_one_that_there_is(line) -> None:
    start = next(start for start in OURS if line.startswith(start))
    command, words = typer.main.get_command(OURS[start]), shlex.split(line.removeprefix(start))
    context = command.make_context(start, words)
    while hasattr(command, "resolve_command"):
        name, command, words = command.resolve_command(
            context, [*getattr(context, "_protected_args", ()), *context.args]
        )
        context = command.make_context(name, words, parent=context)
    suite = context.params.get("suite")
    assert suite is None or load_suite(ROOT / suite).gates


def test_a_job_is_what_a_server_can_read() -> None:
    found = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    assert found["on"]["pull_request"]
    for job in jobs().values():
        assert job["runs-on"]
        assert all(("run" in step) != ("uses" in step) for step in job["steps"])
    assert sum(" gate " in line for line in ours()) == 2
    assert not re.search(r"sk-|[A-Z_]+_KEY=\S", EXAMPLE.read_text(encoding="utf-8"))


def test_the_files_that_steps_show_are_those_that_a_gate_writes(tmp_path) -> None:
    suite = write_suite(tmp_path)
    run = make_run(tmp_path / "run", suite, local(Oracle()), sample=40)
    assert CliRunner().invoke(workbench.app, ["score", str(run)]).exit_code == 0
    shown = {path for line in lines() for path in re.findall(r"runs/\w+/(\S+)", line)}
    assert shown == {"summary.md", "comment.md"}
    assert shown <= {path.name for path in run.iterdir()}
