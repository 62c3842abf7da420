"""Asks a judge about what is asserted of a run, behind every run that asserts something; and the
verb that measures one: judge.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eval.judge.judge_questions import judge_cases, questions_about
from eval.judge.judge_record import write_record
from eval.judge.judging_run import open_court
from eval.run.items import load_items
from eval.run.manifest import read_manifest, to_here
from eval.run.predictions import read_predictions
from eval.run.purse import Purse
from eval.run.request import STORE, RunRequest
from eval.run.runner import PREDICTIONS
from eval.run.start import laid_out
from eval.run.suite import Suite, load_suite
from eval.verbs.outcome import finish
from intent.bootstrap.application import Application, open_application
from intent.bootstrap.deciding import llm_is_on
from intent.bootstrap.settings import load_settings
from intent.cli.screen import json_line, progress_bar, results, say
from intent.model.errors import OperatorError

_SUITE = Path(__file__).resolve().parents[1] / "suites" / "local.yaml"


def questions_ahead(request: RunRequest) -> int:
    """Return how many questions to a judge a run comes with."""
    suite, _, items = laid_out(request)
    return request.repeat * sum(len(questions_about(item, suite)) for item in items)


def ask_judge(request: RunRequest) -> bool:
    """Ask a judge about a finished run where its rows or its suite want one; say whether it was
    asked.

    Raises:
        OperatorError, TemplateError: judge, prompt or examples are not as they must be.
        LlmUnavailable, LlmForbidden, BudgetSpent: it cannot be asked now; what was paid for is
            kept, and ``python -m eval judge`` goes on.
    """
    suite = load_suite(request.suite)
    items = {item.row.id: item for item in load_items(suite)}
    said = [one for one in read_predictions(request.out / PREDICTIONS) if one.id in items]
    found = judge_cases(items, said, suite, open_application().taxonomy)
    cases = [case for asked in found.values() for case in asked]
    if not cases:
        return False
    if not (request.offline or llm_is_on(Application(load_settings()))):
        say(
            f"{len(cases):,} questions to a judge were not asked: no LLM is configured; with one: "
            f"python -m eval judge {request.out}"
        )
        return False
    with open_court(request, suite) as court:
        ahead = court.forecast(cases)
        say(
            f"judging: {ahead.requests:,} requests, {ahead.asked:,} of them not asked before, at "
            f"most ${ahead.dollars_most:.4f} at list prices"
        )
        with progress_bar(f"judging by {court.judge.model.id}", None) as (bar, task):
            record = court.sentence(
                cases, lambda done, total: bar.update(task, completed=done, total=total)
            )
    write_record(request.out, record)
    return True


def judge(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[RUN]", help="folder of a run to judge; none: only measure"),
    ] = None,
    suite: Annotated[
        Path, typer.Option(help="suite whose judge is measured where no run is named")
    ] = _SUITE,
    model: Annotated[
        str | None,
        typer.Option(
            "--judge-model",
            metavar="MODEL",
            help="id of the LLM that judges; default: what the suite says",
        ),
    ] = None,
    budget: Annotated[
        float | None, typer.Option(min=0.0, help="dollars that all calls may cost together")
    ] = None,
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=1, help="requests at a time")] = 1,
    offline: Annotated[
        bool, typer.Option("--offline", help="refuse to call anybody: what is not kept is failed")
    ] = False,
    store: Annotated[Path, typer.Option(help="response store, an SQLite file")] = STORE,
    as_json: Annotated[bool, typer.Option("--json", help="print the agreement as JSON")] = False,
) -> None:
    """Measure how far an LLM that judges agrees with labelled examples, and let it answer the
    questions that a run's rows and suite ask (judge: in a row, judge: questions: in a suite). Its
    answers count only where the lower end of kappa's interval reaches the suite's least_kappa.

    Examples: python -m eval judge --judge-model gpt-6-luna · python -m eval judge runs/mine -j 4
    """
    path = suite if folder is None else to_here(read_manifest(folder).suite_file)
    request = RunRequest(
        path,
        folder or Path("runs"),
        judge_model=model,
        jobs=jobs,
        offline=offline,
        store=store,
        purse=Purse(budget),
    )
    if folder is None:
        _measure(request, load_suite(path), as_json=as_json)
    elif ask_judge(request):
        finish(folder)
    else:
        raise OperatorError(
            f"nothing was asked about {folder}: give its rows or its suite questions for a judge"
        )


def _measure(request: RunRequest, suite: Suite, *, as_json: bool) -> None:
    with open_court(request, suite) as court:
        ahead = court.forecast(())
        say(
            f"measuring on {len(court.examples)} examples in both orders: {ahead.asked:,} requests "
            f"not asked before, at most ${ahead.dollars_most:.4f} at list prices"
        )
        with progress_bar(f"judging by {court.judge.model.id}", None) as (bar, task):
            record = court.sentence(
                (), lambda done, total: bar.update(task, completed=done, total=total)
            )
    agreement, why = record.agreement, record.why_not(suite.judge.least_kappa)
    assert agreement is not None
    if as_json:
        told = {"counts": not why, "why_not": why, **agreement.model_dump()}
        json_line({"model": record.model, "prompt": record.prompt, **told})
        return
    for part in agreement.words.split(", "):
        results().print(part, markup=False)
    say(f"{record.model} (prompt {record.prompt}) {'does not count: ' + why if why else 'counts'}")
