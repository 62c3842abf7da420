"""The verb ``intent work``: decides what waits in the inbox."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from intent.cli.arguments import AsJson, MetricsPort, application
from intent.cli.screen import json_line, progress_bar, say
from intent.cli.stopping import stopping
from intent.store.access import Access

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from intent.bootstrap.application import Application
    from intent.flow.asker import Asker
    from intent.flow.worker import WorkReport


def work(
    drain: Annotated[
        bool, typer.Option("--drain", help="Leave when nothing waits any more.")
    ] = False,
    ask: Annotated[
        bool, typer.Option("--ask/--no-ask", help="Ask the LLM beside it, where one is configured.")
    ] = True,
    metrics_port: MetricsPort = None,
    as_json: AsJson = False,
) -> None:
    """Decide what waits in the inbox, until SIGTERM or Ctrl-C (or until it is empty, with --drain).
    Safe to kill at any moment.

    Where an LLM is configured, what the local model is unsure of waits in the ask lane, and is
    asked beside it unless told not to.

    Of several databases it works on the one that INTENT_SHARD says; with --drain without it, on all
    in turn.

    Examples: [bold]intent work[/] · [bold]intent work --drain[/] ·
    [bold]INTENT_DATABASE_URL=postgresql://user@host/db intent work[/]
    """
    app = application(access=Access.CREATE)
    in_turn = drain and app.settings.shard is None
    for one in app.named_databases if in_turn else [app]:
        _work(one, drain=drain, ask=ask, metrics_port=metrics_port, as_json=as_json)


def _work(
    app: Application, *, drain: bool, ask: bool, metrics_port: int | None, as_json: bool
) -> None:
    from intent.bootstrap.deciding import llm_is_on
    from intent.bootstrap.housekeeping import housekeeping
    from intent.bootstrap.monitoring import Begun, monitored
    from intent.model.instruments import Teller

    begun = Begun("worker")
    parts = (Teller.WORKER, Teller.ASKER)
    with stopping() as stop, monitored(app, parts, begun, stop, port=metrics_port):
        on = ask and llm_is_on(app)
        tidying = nullcontext() if drain else housekeeping(app)
        with tidying, _asking(app, stop, drain=drain) if on else nullcontext() as asker:
            report = decide_inbox(app, stop, drain=drain, begun=begun.now)
    if as_json:
        json_line({**asdict(report), **({"asking": asdict(asker.report)} if asker else {})})
        return
    say(
        f"{report.decided:,} decided, {report.leads:,} leads, {report.from_cache:,} from the "
        f"cache, {report.retried:,} retried, {report.dead_lettered:,} dead letters, "
        f"{report.overtaken:,} overtaken"
    )
    if asker:
        say(
            f"{report.unsure:,} unsure; {asker.report.asked:,} asked, "
            f"{asker.report.improved:,} improved by the LLM"
        )


def decide_inbox(
    app: Application, stop: Event, *, drain: bool, begun: Callable[[], None] = lambda: None
) -> WorkReport:
    """Work on the inbox with a progress bar, and return what was done."""
    from intent.bootstrap.deciding import build_classifier, build_unsure, build_worker

    classifier = build_classifier(app)
    total = app.inbox.waiting() if drain else None
    with progress_bar("deciding", total) as (bar, task):

        def progress(report: WorkReport) -> None:
            done = report.decided + report.dead_lettered
            bar.update(task, completed=done, note=f"{report.leads:,} leads")

        unsure = build_unsure(app)
        worker = build_worker(app, stop, progress, classifier=classifier, unsure=unsure)
        begun()
        return worker.run(drain=drain)


def _asking(app: Application, stop: Event, *, drain: bool) -> AbstractContextManager[Asker]:
    from intent.bootstrap.asking import build_asker
    from intent.flow.beside import asking

    return asking(
        build_asker(app, stop, lambda report: None),
        stop,
        drain=drain,
        leave=app.settings.ask_leave,
        ended=lambda error: say(
            f"questions stay in the lane, their local decisions stand: {error}"
        ),
    )
