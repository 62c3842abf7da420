"""Verbs that move messages: demo, ingest, work."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from intent.bootstrap import build as bootstrap
from intent.bootstrap.asking import build_unsure
from intent.bootstrap.resources import locate
from intent.bootstrap.settings import Settings, load_settings
from intent.cli.asking import alongside
from intent.cli.look import lead_table
from intent.cli.screen import json_line, one_line, progress_bar, results, say, stopping
from intent.flow.ingest import IngestReport
from intent.flow.ingest import ingest as run_ingest
from intent.flow.worker import WorkReport
from intent.model.batch import Refused
from intent.model.errors import OperatorError, StoreUnavailable
from intent.sources.replay import ReplaySource
from intent.store.decisions import read_leads
from intent.store.engine import Database
from intent.telemetry import configure_logs

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
SHOWN_REFUSALS = 5


def ingest(
    path: Annotated[
        str, typer.Argument(metavar="PATH|-", help="JSONL file of messages, or - for stdin.")
    ],
    speed: Annotated[
        float | None,
        typer.Option(
            min=0.001, help="Replay at recorded speed × N; without it as fast as possible."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read messages from a file or stdin into the inbox; a second time adds nothing.

    Examples: [bold]intent ingest chat.jsonl[/] · [bold]tail -f chat.jsonl | intent ingest -[/] ·
    [bold]intent ingest chat.jsonl --speed 10[/]
    """
    settings = _settings()
    with opened(path) as descriptor, stopping() as stop:
        report = _ingest(settings, bootstrap.open_database(settings), descriptor, path, speed, stop)
    if as_json:
        json_line(asdict(report))
    else:
        say(
            f"{report.accepted:,} accepted, {report.repeated:,} known already, {report.refused:,} "
            f"refused ({report.refused_new:,} new)"
        )
        if report.refused:
            say("refused lines are kept as dead letters; see: intent dead list")


def work(
    drain: Annotated[
        bool, typer.Option("--drain", help="Leave when nothing waits any more.")
    ] = False,
    ask: Annotated[
        bool, typer.Option("--ask/--no-ask", help="Ask the LLM beside it, where one is configured.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Decide what waits in the inbox, until SIGTERM or Ctrl-C (or until it is empty, with --drain).
    Safe to kill at any moment.

    Where an LLM is configured, what the local model is unsure of waits in the ask lane, and is
    asked beside it unless told not to.

    Examples: [bold]intent work[/] · [bold]intent work --drain[/] ·
    [bold]INTENT_DATABASE_URL=postgresql://user@host/db intent work[/]
    """
    settings = _settings()
    with stopping() as stop:
        database = bootstrap.open_database(settings)
        beside = (
            alongside(settings, database, stop, drain=drain)
            if ask and bootstrap.llm_is_on(settings)
            else nullcontext()
        )
        with beside as asker:
            report = _work(settings, database, stop, drain=drain)
    if as_json:
        json_line({**asdict(report), **({"asking": asdict(asker.report)} if asker else {})})
    else:
        say(
            f"{report.decided:,} decided, {report.leads:,} leads, {report.from_cache:,} from the "
            "cache, "
            f"{report.retried:,} retried, {report.dead_lettered:,} buried, {report.overtaken:,} "
            "overtaken"
        )
        if asker:
            say(
                f"{report.unsure:,} unsure; {asker.report.asked:,} asked, "
                f"{asker.report.improved:,} improved by the LLM"
            )


def demo(
    database: Annotated[
        Path, typer.Option(help="SQLite file to make; an existing one is added to.")
    ] = Path("demo.db"),
    rows: Annotated[int, typer.Option(min=1, help="Leads to show.")] = 25,
) -> None:
    """Replay a bundled sample of three live streams and a shop inbox through the whole pipeline,
    and show the leads.

    Example: [bold]intent demo[/]
    """
    settings = _settings(quiet=True).model_copy(
        update={"database_url": bootstrap.sqlite_url(database)}
    )
    started = time.perf_counter()
    store = bootstrap.open_database(settings)
    sample = str(locate("sources") / "sample.jsonl")
    with opened(sample) as descriptor, stopping() as stop:
        read = _ingest(settings, store, descriptor, "sample.jsonl", None, stop)
        report = _work(settings, store, stop, drain=True)
    found = list(read_leads(store))
    shown = sorted(found, key=lambda lead: -lead.lead_probability)[:rows]
    console = results()
    console.print(
        lead_table(
            shown,
            bootstrap.build_taxonomy(settings),
            title=f"The {len(shown)} surest of {len(found)} leads",
        )
    )
    console.print(
        f"{read.accepted + read.repeated} messages read, {read.repeated} of them repeated; "
        f"{report.decided} decided in {time.perf_counter() - started:.1f} s; {len(found)} leads in "
        "all."
    )
    console.print(
        f"\nThe database lies at [bold]{database.absolute()}[/]. Try next:", soft_wrap=True
    )
    prefix = f"INTENT_DATABASE_URL=sqlite:///{database}"
    for command in (
        "intent leads --label appointment_booking",
        "intent features read user=tiktok:u_sgjannah room=tiktok:live-hijab-01",
        "intent audit",
    ):
        console.print(f"  {prefix} {command}", soft_wrap=True)
    console.print(
        '  intent classify --text "how much for two, and do you ship to Perth?"', soft_wrap=True
    )


@contextmanager
def opened(path: str) -> Iterator[int]:
    """Yield the descriptor of a file to read, or of stdin for ``-``.

    Raises:
        OperatorError: there is no such file, or it may not be read.
    """
    if path == "-":
        yield 0
        return
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise OperatorError(
            f"{path} cannot be read: {error.strerror}; give the path of a JSONL file, or - for "
            "stdin"
        ) from error
    try:
        if Path(path).is_dir():
            raise OperatorError(
                f"{path} is a folder; give the path of a JSONL file, or - for stdin"
            )
        yield descriptor
    finally:
        os.close(descriptor)


def _settings(*, quiet: bool = False) -> Settings:
    settings = load_settings()
    configure_logs("warning" if quiet else settings.log_level, as_json=settings.log_json)
    return settings


def _ingest(
    settings: Settings,
    database: Database,
    descriptor: int,
    name: str,
    speed: float | None,
    stop: Event,
) -> IngestReport:
    shown = 0

    def show(refused: Refused) -> None:
        nonlocal shown
        shown += 1
        if shown <= SHOWN_REFUSALS:
            say(f"refused {one_line(refused.position, 200)}: {one_line(refused.reason, 300)}")
        elif shown == SHOWN_REFUSALS + 1:
            say("… further refusals are only counted; see: intent dead list")

    source = ReplaySource(descriptor, name, speed=speed, sleep=stop.wait)
    size = os.fstat(descriptor).st_size or None
    with progress_bar("reading (bytes)", size) as (bar, task):

        def progress(report: IngestReport) -> None:
            note = (
                f"{report.accepted:,} accepted, {report.repeated:,} known, {report.refused:,} "
                "refused"
            )
            bar.update(
                task, completed=os.lseek(descriptor, 0, os.SEEK_CUR) if size else None, note=note
            )

        try:
            return run_ingest(
                source,
                bootstrap.build_inbox(settings, database),
                stop=stop,
                progress=progress,
                on_refused=show,
            )
        except StoreUnavailable as error:
            remedy = "mend that and run the same command again: nothing is stored twice"
            raise StoreUnavailable(
                f"the database did not take the messages ({error}); {remedy}"
            ) from error


def _work(settings: Settings, database: Database, stop: Event, *, drain: bool) -> WorkReport:
    classifier = bootstrap.build_classifier(settings)
    total = bootstrap.build_inbox(settings, database).waiting() if drain else None
    with progress_bar("deciding", total) as (bar, task):

        def progress(report: WorkReport) -> None:
            bar.update(
                task,
                completed=report.decided + report.dead_lettered,
                note=f"{report.leads:,} leads",
            )

        unsure = build_unsure(settings)
        return bootstrap.build_worker(
            settings, database, stop, progress, classifier=classifier, unsure=unsure
        ).run(drain=drain)
