"""The verb ``intent listen``: reads live sources into the inbox until told to leave."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from intent.cli.arguments import AsJson, MetricsPort, application, waiting_for_database
from intent.cli.listening_screen import ListeningScreen, as_json_values, summary
from intent.cli.screen import flush, json_line, one_line, say
from intent.cli.stopping import stopping
from intent.model.errors import OperatorError, Stopping
from intent.model.listening import SourceState
from intent.store.access import Access

if TYPE_CHECKING:
    from intent.bootstrap.application import Application
    from intent.flow.listen import Listened, Listener
    from intent.flow.seen import SourceSeen
    from intent.model.batch import Batch

File = Annotated[
    Path | None,
    typer.Option(
        "--file", help="File of named sources; default: INTENT_SOURCES, then sources.yaml."
    ),
]


def listen(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE…",
            help="Names in the file, or sources such as exec:./room; default: all of the file.",
        ),
    ] = None,
    file: File = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Print what would be put, one JSON object a line; store nothing."
        ),
    ] = False,
    metrics_port: MetricsPort = None,
    as_json: AsJson = False,
) -> None:
    """Read live sources into the inbox until SIGTERM or Ctrl-C, each in a thread. Safe to kill
    at any moment. Secrets are read from the environment alone.

    A source that is lost is connected again; one that only a person can mend is given up, and the
    others go on. Exit 1 when all of them failed.

    Examples: [bold]intent listen 'exec:./room --shop 17'[/] · [bold]intent listen --dry-run shop[/]
    · [bold]intent listen --file sources.yaml[/]
    """
    from intent.bootstrap.listening import as_listened, stored_positions
    from intent.bootstrap.monitoring import Begun, monitored
    from intent.bootstrap.source_file import chosen_sources
    from intent.model.instruments import Teller

    app, begun = application(access=Access.CREATE), Begun("listener")
    chosen = chosen_sources(sources or [], file or app.settings.sources)
    with (
        stopping() as stop,
        monitored(app, [Teller.DOOR], begun, stop, port=metrics_port),
    ):
        listened = [
            as_listened(
                named,
                environment=os.environ,
                stop=stop,
                state_dir=app.settings.state_dir,
                stored=None if dry_run else stored_positions(app),
            )
            for named in chosen
        ]
        with _listener(app, listened, stop, dry_run=dry_run) as listener, ListeningScreen() as show:
            begun.now(listener.trouble)
            try:
                seen = listener.run(show)
            except Stopping as error:
                raise OperatorError("interrupted before the database was there") from error
    _report(seen, as_json=as_json and not dry_run)


def _listener(
    app: Application, listened: Sequence[Listened], stop: Event, *, dry_run: bool
) -> AbstractContextManager[Listener]:
    from intent.bootstrap.listening import build_listener, build_trial
    from intent.bootstrap.shards import build_inlet, leave_with

    if dry_run:
        return build_trial(listened, _show, stop)
    try:
        waiting_for_database(lambda: build_inlet(app), stop)
    except Stopping as error:
        raise OperatorError("interrupted before the database was there") from error
    leave_with(app, stop)
    return build_listener(app, listened, stop)


def _report(seen: Sequence[SourceSeen], *, as_json: bool) -> None:
    """Say what became of each source.

    Raises:
        OperatorError: all of them failed.
    """
    for one in seen:
        if as_json:
            json_line({**as_json_values(asdict(one)), "skew": one.skew})
        else:
            say(summary(one))
    if all(one.state is SourceState.FAILED for one in seen):
        raise OperatorError("no source is left; what to mend stands above, where each failed")


def _show(batch: Batch) -> None:
    """Print what would be put: messages in the wire shape on stdout, what else there is on stderr;
    whether a message is known already is not looked up.
    """
    from intent.model.message import wire

    for message in batch.messages:
        json_line(json.loads(wire(message)))
    for refused in batch.refused:
        say(f"refused {one_line(refused.position, 200)}: {one_line(refused.reason, 300)}")
    for one in batch.retractions:
        means = one.message_id or f"all of {one.user_id}"
        say(f"taken back in {one_line(f'{one.platform}:{one.room_id}: {means}', 300)}")
    for gap in batch.gaps:
        until = gap.until.isoformat() if gap.until else "now"
        blind = f"{gap.platform}:{gap.room_id} from {gap.since.isoformat()} to {until}"
        say(f"blind in {one_line(f'{blind}: {gap.reason}', 400)}")
    flush()
