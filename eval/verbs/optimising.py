"""The verb that looks for a better prompt: optimise."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from eval.optimise.candidate import difference_between
from eval.optimise.dev_judgement import winner
from eval.optimise.findings import markdown, verdict
from eval.optimise.search import SearchStep
from eval.optimise.whole import Optimised, SearchPlan
from eval.optimise.whole import optimise as look
from eval.run.parameters import parse_parameters
from eval.run.predictions import replace
from eval.run.purse import Purse
from eval.run.request import SEED, STORE, RunRequest
from eval.verbs.running import (
    RUNS,
    SUITES,
    Jobs,
    Llm,
    Offline,
    Parameter,
    Prompt,
    Store,
    SuiteFile,
    command_line,
)
from intent.cli.screen import json_line, people, progress_bar


def optimise(
    suite: SuiteFile = SUITES / "llm.yaml",
    output: Annotated[
        Path, typer.Option("-o", "--output", help="folder of the search; one is gone on with")
    ] = RUNS / "optimise",
    prompt: Prompt = None,
    llm: Llm = None,
    reflect_with: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="LLM that reflects and edits; default: the same"),
    ] = None,
    parameters: Parameter = None,
    budget: Annotated[float, typer.Option(min=0.0, help="dollars for all calls together")] = 1.0,
    tries: Annotated[int, typer.Option(min=1, help="prompts to try, at most")] = 20,
    lesson: Annotated[int, typer.Option(min=1, help="messages to reflect on at once")] = 20,
    choosing: Annotated[int, typer.Option(min=1, help="train messages to choose by")] = 200,
    judging: Annotated[
        int | None, typer.Option(min=1, help="dev messages to judge by; default: all")
    ] = None,
    seed: Annotated[int, typer.Option(help="seed of every draw")] = SEED,
    jobs: Jobs = 1,
    offline: Offline = False,
    store: Store = STORE,
    as_json: Annotated[bool, typer.Option("--json", help="print the result as JSON")] = False,
) -> None:
    """Look for a better prompt: an LLM reflects on mistakes in the train split and edits the rules,
    mistakes become examples, and what helps is judged on the dev split. The result is a diff and
    its reasons; nothing under prompts/ is changed. The test split is never read.

    Examples: python -m eval optimise --budget 2 -j 4 · python -m eval optimise --tries 40
    --reflect-with gpt-6-sol -o runs/optimise-2
    """
    request = RunRequest(
        suite=suite,
        out=output,
        prompt=prompt,
        llm=llm,
        parameters=parse_parameters(parameters or ()),
        jobs=jobs,
        offline=offline,
        store=store,
        purse=Purse(budget),
        command=command_line(),
    )
    found = _look(request, SearchPlan(tries, lesson, choosing, judging, seed=seed), reflect_with)
    _write(found, request)
    if as_json:
        json_line(_as_json(found, request))
    _tell(found, request)


def _look(request: RunRequest, plan: SearchPlan, reflect_with: str | None) -> Optimised:
    with progress_bar("trying prompts", plan.tries) as (bar, task):

        def told(step: SearchStep) -> None:
            note = f"{step.outcome}, ${request.purse.dollars:.4f} spent"
            bar.update(task, completed=step.number, note=note)

        return look(request, plan, reflect_with=reflect_with, told=told)


def _tell(found: Optimised, request: RunRequest) -> None:
    people().print(verdict(found.judgements), markup=False, soft_wrap=True)
    people().print(
        f"{len(found.search.steps)} tries, ${request.purse.dollars:.4f} spent; "
        f"{found.search.ended}; all of it stands in {request.out / 'summary.md'}",
        markup=False,
        soft_wrap=True,
    )
    if winner(found.judgements) is not None:
        people().print(
            f"to take it over, copy the two files of {request.out / 'best'} into prompts/, and let "
            "the gate see it: python -m eval gate --suite eval/suites/llm.yaml",
            markup=False,
            soft_wrap=True,
        )


def _write(found: Optimised, request: RunRequest) -> None:
    text = markdown(
        found.search, found.judgements, found.prompt, request.purse.dollars, request.command
    )
    replace(request.out / "summary.md", text.encode())
    replace(request.out / "optimise.json", json.dumps(_as_json(found, request)).encode())
    best = winner(found.judgements)
    if best is None:
        return
    start = found.search.pool[0][0]
    diff = difference_between(start, best.candidate, found.prompt)
    replace(request.out / "best.diff", diff.encode())
    folder = request.out / "best"
    folder.mkdir(exist_ok=True)
    replace(folder / found.prompt.path.name, best.candidate.body.encode())
    replace(folder / found.prompt.front.examples, best.candidate.examples.encode())


def _as_json(found: Optimised, request: RunRequest) -> dict[str, object]:
    best = winner(found.judgements)
    return {
        "verdict": verdict(found.judgements),
        "best": None if best is None else best.candidate.number,
        "dollars": round(request.purse.dollars, 6),
        "ended": found.search.ended,
        "judged": [
            {
                "candidate": one.candidate.number,
                "before": one.before,
                "after": one.after,
                "low": one.change.low,
                "high": one.change.high,
                "gate": one.gate.verdict.value,
            }
            for one in found.judgements
        ],
        "steps": [dataclasses.asdict(step) for step in found.search.steps],
    }
