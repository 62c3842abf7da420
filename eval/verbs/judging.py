"""The verbs that judge one run: gate, bless, report, errors."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from eval.measure.finished import load_run, wrong_decisions
from eval.measure.slots import slot_pairs
from eval.run.items import chosen, parse_filters
from eval.run.parameters import parse_parameters
from eval.run.request import STORE, RunRequest
from eval.run.suite import load_suite
from eval.verbs.outcome import GATE_FAILED, UNDECIDED, finish, print_checks
from eval.verbs.running import (
    SUITES,
    Jobs,
    JudgeModel,
    Llm,
    Model,
    NoCache,
    Offline,
    Out,
    Parameter,
    Prompt,
    Store,
    SuiteFile,
    carry_out,
    command_line,
    fresh_folder,
)
from eval.verdict import baseline
from eval.verdict.checks import Verdict
from eval.verdict.gate import metric_names
from eval.verdict.judged import require_gate
from intent.bootstrap.application import open_application
from intent.cli.screen import json_line, one_line, people, results
from intent.model.errors import OperatorError

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="folder of a run")]
Baselines = Annotated[Path, typer.Option(help="folder of the baselines")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object a line")]


def gate(
    suite: SuiteFile = SUITES / "local.yaml",
    folder: Annotated[
        Path | None, typer.Option("--run", help="a finished run; default: make one now")
    ] = None,
    output: Out = None,
    model: Model = None,
    prompt: Prompt = None,
    llm: Llm = None,
    parameters: Parameter = None,
    judge_model: JudgeModel = None,
    jobs: Jobs = 1,
    no_cache: NoCache = False,
    offline: Offline = False,
    store: Store = STORE,
    baselines: Baselines = baseline.BASELINES,
    strict: Annotated[
        bool, typer.Option("--strict", help="exit 101 when a check is inconclusive")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="print the checks that passed, too")
    ] = False,
) -> None:
    """Hold a run against the baseline of its suite: exit 0 passed, 100 failed, 101 inconclusive
    under --strict.

    Example: python -m eval gate --suite eval/suites/local.yaml --offline
    """
    metric_names(open_application().taxonomy.names, load_suite(suite).gates)
    if folder is None:
        folder = output or fresh_folder(suite)
        asked = RunRequest(
            suite,
            folder,
            model=model,
            prompt=prompt,
            llm=llm,
            parameters=parse_parameters(parameters or ()),
            judge_model=judge_model,
            jobs=jobs,
            fresh=no_cache,
            offline=offline,
            store=store,
            command=command_line(),
        )
        carry_out(asked)
    report = require_gate(finish(folder, baselines=baselines))
    print_checks(report, everything=verbose)
    if report.verdict is Verdict.FAILED:
        raise typer.Exit(GATE_FAILED)
    if report.verdict is Verdict.INCONCLUSIVE and strict:
        raise typer.Exit(UNDECIDED)


def bless(
    folder: RunFolder,
    baselines: Baselines = baseline.BASELINES,
    anyway: Annotated[
        bool, typer.Option("--yes", help="take a run that failed its gate, without being asked")
    ] = False,
) -> None:
    """Make a run the baseline of its suite: commit the folder that this writes.

    Example: python -m eval bless runs/mine
    """
    judged = finish(folder, baselines=baselines, quiet=True)
    if judged.gate is not None and judged.gate.verdict is Verdict.FAILED and not anyway:
        print_checks(judged.gate, everything=False)
        if not sys.stdin.isatty():
            raise OperatorError(
                f"{folder} failed its gate; --yes makes it the baseline all the same"
            )
        typer.confirm("The run failed its gate. Make it the baseline?", abort=True, err=True)
    home = baseline.bless(judged.run, baselines)
    people().print(
        f"the baseline of suite {judged.run.suite.name} is now {home}; commit it", markup=False
    )


def report(
    folder: RunFolder,
    against: Annotated[Path | None, typer.Option(help="another run; default: the baseline")] = None,
) -> None:
    """Write report.html again: one file, for a browser.

    Example: python -m eval report runs/mine --against runs/before
    """
    finish(folder, against=against, quiet=True)
    people().print(f"open {folder / 'report.html'}", markup=False)


def errors(
    folder: RunFolder,
    filters: Annotated[
        list[str] | None, typer.Option("--filter", help="only these messages, such as lang=th")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="at most so many")] = 50,
    json: Json = False,
) -> None:
    """List what a run decides wrongly, in labels and slots, the most harmful first, and which
    labels it confuses most.

    Example: python -m eval errors runs/mine --filter lang=vi --limit 20
    """
    taxonomy = open_application().taxonomy
    found = load_run(folder, taxonomy)
    kept = {
        item.row.id
        for item in chosen(
            list(found.items.values()), parse_filters(filters or ()), sample=None, seed=0
        )
    }
    wrong = [each for each in wrong_decisions(found, taxonomy) if each[1].id in kept]
    table = Table("cost", "message", "lang", "right", "decided", "slots", "p(lead)", "text")
    for cost, one, slots in wrong[:limit]:
        row = found.items[one.id].row
        said = ", ".join(one.labels) or f"({one.status})"
        if json:
            expected = list(row.expected.labels)
            json_line(
                {
                    "id": one.id,
                    "cost": cost,
                    "expected": expected,
                    "decided": list(one.labels),
                    "status": one.status,
                    "wrong_slots": slot_pairs(slots.wrong),
                    "missed_slots": slot_pairs(slots.missed),
                    "text": row.input.text,
                    "calls": [call.model_dump() for call in one.calls],
                }
            )
        else:
            sure = "" if one.lead_probability is None else f"{one.lead_probability:.2f}"
            table.add_row(
                f"{cost:g}",
                one.id,
                row.metadata.lang,
                ", ".join(row.expected.labels),
                said,
                slots.story,
                sure,
                one_line(row.input.text, 60),
            )
    if not json:
        results().print(table)
    pairs = Counter(
        (", ".join(found.items[one.id].row.expected.labels), ", ".join(one.labels) or one.status)
        for _, one, _ in wrong
        if one.labels != found.items[one.id].row.expected.labels
    )
    for (right, said), times in pairs.most_common(8):
        people().print(f"{times:4} × {right} decided {said}", markup=False)
    people().print(
        f"{pairs.total()} of {len(kept) * found.manifest.repeat} decisions are not exactly right; "
        f"slots are wrong or missed in {sum(slots.mistakes > 0 for _, _, slots in wrong)}",
        markup=False,
    )
