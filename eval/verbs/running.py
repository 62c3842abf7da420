"""The verbs that make and score runs."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from eval.run.grid import spread
from eval.run.parameters import parse_parameters
from eval.run.purse import Purse
from eval.run.request import SEED, STORE, RunRequest
from eval.run.start import start
from eval.run.suite import load_suite
from eval.verbs.asserting import ask_judge
from eval.verbs.comparing import hold_side_by_side
from eval.verbs.failing import OnlyFailures, failures_of
from eval.verbs.forecasting import EstimateOnly, announce
from eval.verbs.outcome import finish
from eval.verbs.watching import Watch, keep_watching
from intent.cli.screen import progress_bar, say

SUITES = Path(__file__).resolve().parents[1] / "suites"
RUNS = Path("runs")


class Decides(StrEnum):
    """Who is measured."""

    LOCAL = "local"
    LLM = "llm"
    CASCADE = "cascade"


SuiteFile = Annotated[
    Path, typer.Option("--suite", help="suite to run, such as eval/suites/local.yaml")
]
Out = Annotated[
    Path | None, typer.Option("-o", "--output", help="folder of the run; default: runs/SUITE-TIME")
]
Jobs = Annotated[int, typer.Option("-j", "--jobs", min=1, help="batches at a time")]
Repeat = Annotated[int, typer.Option(min=1, help="decide every message so many times")]
Filter = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        help="only these messages, such as lang=th or label=spam,chatter; may be repeated",
    ),
]
Sample = Annotated[
    int | None, typer.Option(min=1, help="only so many messages, drawn by whole rooms")
]
Resume = Annotated[bool, typer.Option("--resume", help="go on with a run that was stopped")]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="decide and ask again what was decided or asked before")
]
Offline = Annotated[
    bool,
    typer.Option(
        "--offline",
        help="refuse to call anybody: replies come from the response store, or the run fails",
    ),
]
By = Annotated[Decides | None, typer.Option(help="who decides; default: what the suite says")]
Model = Annotated[
    Path | None, typer.Option(help="folder of a local model; default: the one that ships")
]
Prompt = Annotated[
    str | None,
    typer.Option(help="prompt to ask with: an alias such as candidate, or a name under prompts/"),
]
Llm = Annotated[
    str | None,
    typer.Option(
        "--llm",
        metavar="MODEL",
        help="id of the LLM to ask, instead of the prompt's or INTENT_LLM_MODEL's",
    ),
]
Parameter = Annotated[
    list[str] | None,
    typer.Option(
        "--param",
        metavar="NAME=VALUE",
        help="parameter of the call instead of the prompt's, such as temperature=0.3; may be "
        "repeated",
    ),
]
Prompts = Annotated[
    list[str] | None,
    typer.Option(
        "--prompt",
        help="prompt to ask with: an alias such as candidate, or a name under prompts/; several "
        "are run side by side",
    ),
]
Llms = Annotated[
    list[str] | None,
    typer.Option(
        "--llm",
        metavar="MODEL",
        help="id of the LLM to ask, instead of the prompt's or INTENT_LLM_MODEL's; several are run "
        "side by side",
    ),
]
Store = Annotated[
    Path,
    typer.Option(help="response store, an SQLite file: what was asked once is not paid for again"),
]
JudgeModel = Annotated[
    str | None,
    typer.Option(metavar="MODEL", help="id of the LLM that judges; default: what the suite says"),
]
Budget = Annotated[
    float | None,
    typer.Option(min=0.0, help="dollars that all calls may cost together; --resume goes on"),
]
AskAbove = Annotated[
    float | None,
    typer.Option(
        min=0.0, help="cascade: ask from this expected cost on, instead of prompts/route.yaml's"
    ),
]
Threshold = Annotated[
    float | None, typer.Option(min=0.0, max=1.0, help="lead threshold instead of the model's own")
]


def run(
    suite: SuiteFile = SUITES / "local.yaml",
    output: Out = None,
    by: By = None,
    model: Model = None,
    prompts: Prompts = None,
    llms: Llms = None,
    parameters: Parameter = None,
    judge_model: JudgeModel = None,
    lead_threshold: Threshold = None,
    ask_above: AskAbove = None,
    filters: Filter = None,
    sample: Sample = None,
    repeat: Repeat = 1,
    jobs: Jobs = 1,
    seed: Annotated[int, typer.Option(help="seed of --sample")] = SEED,
    resume: Resume = False,
    no_cache: NoCache = False,
    offline: Offline = False,
    store: Store = STORE,
    budget: Budget = None,
    only_failures: OnlyFailures = None,
    estimate: EstimateOnly = False,
    watch: Watch = False,
) -> None:
    """Decide the messages of a suite, measure, and write report.html, summary.md, junit.xml and
    metrics.json. Several prompts or LLMs make a run each, in folders beside each other, and
    compare.html, with all of them side by side.

    Examples: python -m eval run --suite eval/suites/local.yaml -o runs/mine · python -m eval run
    --suite eval/suites/llm.yaml --prompt production --prompt candidate --param temperature=0.3 -j 4
    """
    read, out = load_suite(suite), output or fresh_folder(suite)
    asked = RunRequest(suite, out, by.value if by else None, model, store=store)
    asked = replace(asked, lead_threshold=lead_threshold, ask_above=ask_above, jobs=jobs)
    asked = replace(asked, judge_model=judge_model)
    asked = replace(asked, filters=tuple(filters or ()), sample=sample, seed=seed, repeat=repeat)
    asked = replace(asked, parameters=parse_parameters(parameters or ()), command=command_line())
    asked = replace(asked, resume=resume, fresh=no_cache, offline=offline, purse=Purse(budget))
    asked = replace(asked, failures=failures_of(only_failures, read))
    requests = spread(asked, read, prompts or (), llms or ())
    announce(requests, budget, asked_for=estimate)
    if not estimate:
        _carry_out_all(asked, requests)
    if watch and not estimate:
        keep_watching(requests, _announced)


def _announced(request: RunRequest) -> None:
    announce([request], None, asked_for=False)
    carry_out(request)


def _carry_out_all(asked: RunRequest, requests: Sequence[RunRequest]) -> None:
    against = asked.failures.run if asked.failures is not None else None
    for request in requests:
        carry_out(request)
        finish(request.out, against=against, quiet=len(requests) > 1)
    if len(requests) > 1:
        hold_side_by_side([request.out for request in requests], asked.out)


def score(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="folder of a run")],
    against: Annotated[
        Path | None,
        typer.Option(help="another run to hold it against; default: the baseline of its suite"),
    ] = None,
) -> None:
    """Measure a run again with today's labels and metrics, without deciding anything.

    Example: python -m eval score runs/mine
    """
    finish(folder, against=against)


def carry_out(request: RunRequest) -> None:
    """Make a run with a progress bar, and ask a judge about what is asserted of it."""
    with progress_bar(f"deciding {request.suite.stem}", None) as (bar, task):
        made = start(
            request,
            progress=lambda decided, total: bar.update(task, completed=decided, total=total),
        )
    if made.replayed:
        say(
            f"{made.replayed:,} of {made.items * made.repeat:,} messages were answered from the "
            f"response store {request.store} (server {made.decider.server}), without asking; "
            "--no-cache asks again"
        )
    say(f"the run lies in {request.out}")
    ask_judge(request)


def fresh_folder(suite: Path) -> Path:
    """Return a folder for a run that nobody has named."""
    return RUNS / f"{load_suite(suite).name}-{datetime.now():%Y%m%d-%H%M%S}"


def command_line() -> str:
    """Return the command that was given, for *how to reproduce*."""
    return shlex.join(["python", "-m", "eval", *sys.argv[1:]])
