"""The verb ``intent ask``: asks the LLM what the local model was unsure of."""

from __future__ import annotations

from dataclasses import asdict
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from intent.cli.arguments import AsJson, MetricsPort, application
from intent.cli.screen import json_line, progress_bar, say
from intent.cli.stopping import stopping
from intent.model.errors import Later, OperatorError
from intent.store.access import Access

if TYPE_CHECKING:
    from intent.flow.asking import AskReport


def ask(
    drain: Annotated[
        bool,
        typer.Option(
            "--drain",
            help="Leave when no question is open any more; exit 1 if LLM or budget end first.",
        ),
    ] = False,
    metrics_port: MetricsPort = None,
    as_json: AsJson = False,
) -> None:
    """Ask the LLM what the local model was unsure of, room by room, until SIGTERM or Ctrl-C. Safe
    to kill at any moment.

    Examples: [bold]intent ask --drain[/] · [bold]INTENT_LLM_BASE_URL=http://127.0.0.1:8000/v1
    INTENT_LLM_MODEL=my-model intent ask[/]
    """
    from intent.bootstrap.asking import build_asker, build_lane
    from intent.bootstrap.monitoring import Begun, monitored
    from intent.model.instruments import Teller

    app, empty, begun = application(access=Access.WRITE), Event(), Begun("asker")
    lane = build_lane(app)
    if drain:
        empty.set()
    total = lane.waiting() if drain else None
    with (
        stopping() as stop,
        monitored(app, [Teller.ASKER], begun, stop, port=metrics_port),
        progress_bar("asking", total) as (bar, task),
    ):

        def progress(report: AskReport) -> None:
            done = report.asked + report.given_up + report.dropped
            bar.update(task, completed=done, note=f"{report.improved:,} improved")

        asker = build_asker(app, stop, progress)
        begun.now()
        try:
            asker.run(empty=empty, insists=True)
        except Later as error:
            raise _ending(error, lane.waiting()) from error
        finally:
            _tell(asker.report, as_json=as_json)


def _ending(error: Later, left: int) -> OperatorError:
    """Return the sentence with which draining ends before the lane is empty."""
    return OperatorError(
        f"{left:,} questions stay in the lane, their local decisions stand: {error}; go on later "
        "with: intent ask --drain"
    )


def _tell(report: AskReport, *, as_json: bool) -> None:
    if as_json:
        json_line(asdict(report))
        return
    say(
        f"{report.asked:,} asked in {report.batches:,} batches, {report.improved:,} improved, "
        f"{report.unanswered:,} without an answer, "
        f"{report.overtaken:,} overtaken, {report.given_up:,} given up, {report.dropped:,} too "
        f"old, the LLM failed {report.failures:,} times"
    )
