"""The verbs ``intent hooks …``: who is told of leads, and telling them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from intent.cli.arguments import AsJson, MetricsPort, application, instant
from intent.cli.hooks_screen import (
    show_deliveries,
    show_hooks,
    tell_report,
    tell_secret,
    tell_state,
)
from intent.cli.screen import json_line, progress_bar, say
from intent.cli.stopping import stopping
from intent.model.errors import OperatorError
from intent.store.access import Access

if TYPE_CHECKING:
    from intent.flow.deliver import DeliverReport
    from intent.model.hook import HookFigures

app = typer.Typer(
    no_args_is_help=True,
    help="Push leads to others: add, list, show, pause, resume, remove, rotate, test, replay, "
    "deliver.",
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="From: intent hooks list")]


@app.command()
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where leads are sent to.")],
    name: Annotated[
        str | None, typer.Option(help="What to call it; default: the host of its address.")
    ] = None,
    intent: Annotated[
        list[str] | None, typer.Option(help="Leads with this intent; may be given again.")
    ] = None,
    room: Annotated[
        list[str] | None, typer.Option(help="Leads in this room_id; may be given again.")
    ] = None,
    minimum: Annotated[float, typer.Option(help="Smallest lead probability, 0 to 1.")] = 0.0,
    event: Annotated[
        list[str] | None,
        typer.Option(help="found (the default), changed, handled or gone; may be given again."),
    ] = None,
    allow_private: Annotated[
        bool,
        typer.Option("--allow-private", help="In your own network, and without TLS if need be."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Push leads to a receiver from now on; its secret is shown this once. They are sent by: intent
    hooks deliver

    Examples: [bold]intent hooks add https://shop.example/leads --minimum 0.8[/] · [bold]intent
    hooks add https://crm.example/in --event found --event gone[/]
    """
    from intent.bootstrap.hook_shards import hooks_of_all
    from intent.bootstrap.hooks import build_signer
    from intent.operations.hooks import HookAsked, add_hook

    asked = HookAsked(event or (), intent or (), room or (), minimum)
    with hooks_of_all(application(access=Access.WRITE)) as app:
        added = add_hook(
            app.database,
            build_signer(app, make=True),
            app.taxonomy,
            url,
            name=name,
            asked=asked,
            allow_private=allow_private,
        )
    tell_secret(added, as_json=as_json)


@app.command()
def rotate(
    name: Name,
    keep: Annotated[
        float, typer.Option(min=0, max=8760, help="Hours for which the old secret signs, too.")
    ] = 24.0,
    as_json: AsJson = False,
) -> None:
    """Give a receiver a new secret, which is shown this once; both sign while they change.

    Example: [bold]intent hooks rotate shop.example --keep 48[/]
    """
    from intent.bootstrap.hook_shards import hooks_of_all
    from intent.bootstrap.hooks import build_signer
    from intent.operations.hooks import rotate_secret

    with hooks_of_all(application(access=Access.WRITE)) as app:
        renewed = rotate_secret(app.database, build_signer(app), name, timedelta(hours=keep))
    tell_secret(renewed, as_json=as_json)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List receivers, what they ask for, and what became of what was sent.

    Example: [bold]intent hooks list[/]
    """
    from intent.bootstrap.hook_shards import figures_of_all

    show_hooks(figures_of_all(application()), as_json=as_json)


@app.command()
def show(
    name: Name,
    dead: Annotated[bool, typer.Option("--dead", help="Only what was given up.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="So many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the newest deliveries of a receiver.

    Example: [bold]intent hooks show shop.example --dead[/]
    """
    from intent.bootstrap.hook_shards import deliveries_of_all
    from intent.model.hook import DeliveryState
    from intent.operations.hooks import hook_deliveries_of
    from intent.queues.hook_history import PushedBefore
    from intent.store.engine import Database

    states = (DeliveryState.DEAD,) if dead else ()

    def read(database: Database) -> list[PushedBefore]:
        return hook_deliveries_of(database, name, states=states, limit=limit)

    show_deliveries(deliveries_of_all(application(), read, limit), as_json=as_json)


@app.command()
def pause(name: Name, as_json: AsJson = False) -> None:
    """Send a receiver nothing; what changes meanwhile is sent when it goes on.

    Example: [bold]intent hooks pause shop.example[/]
    """
    from intent.bootstrap.hook_shards import hooks_of_all
    from intent.operations.hooks import pause_hook

    with hooks_of_all(application(access=Access.WRITE), states=True) as app:
        hook = pause_hook(app.database, name)
    tell_state(hook, as_json=as_json)


@app.command()
def resume(name: Name, as_json: AsJson = False) -> None:
    """Go on sending to a receiver that was paused, or that had answered 410.

    Example: [bold]intent hooks resume shop.example[/]
    """
    from intent.bootstrap.hook_shards import hooks_of_all
    from intent.operations.hooks import resume_hook

    with hooks_of_all(application(access=Access.WRITE), states=True) as app:
        hook = resume_hook(app.database, name)
    tell_state(hook, as_json=as_json)


@app.command()
def remove(name: Name, as_json: AsJson = False) -> None:
    """Forget a receiver, with everything that is on its way to it.

    Example: [bold]intent hooks remove shop.example[/]
    """
    from intent.bootstrap.hook_shards import hooks_of_all
    from intent.operations.hooks import remove_hook

    with hooks_of_all(application(access=Access.WRITE)) as app:
        hook = remove_hook(app.database, name)
    if as_json:
        json_line({"removed": hook.name})
    else:
        say(f"{hook.name} is removed")


@app.command("test")
def try_(name: Name, as_json: AsJson = False) -> None:
    """Send a receiver one event of a test now, and say what it answers.

    Example: [bold]intent hooks test shop.example[/]
    """
    from intent.bootstrap.hooks import build_courier
    from intent.bootstrap.shards import first_of
    from intent.operations.hooks import try_hook

    app = first_of(application())
    answered = try_hook(app.database, build_courier(app), name)
    if as_json:
        json_line({"status": answered.status, "error": answered.error or None})
    if not answered.accepted:
        raise OperatorError(f"{name} {answered.error}")
    if not as_json:
        say(f"{name} answers with status {answered.status}")


@app.command()
def replay(
    name: Name,
    dead: Annotated[bool, typer.Option("--dead", help="All that was given up.")] = False,
    id_: Annotated[
        list[str] | None, typer.Option("--id", help="A webhook-id; may be given again.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="All leads said since then that stand.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send again, with the same ids and all tries.

    Examples: [bold]intent hooks replay shop.example --dead[/] · [bold]intent hooks replay
    shop.example --since 2026-11-20T18:00:00+08:00[/]
    """
    from intent.bootstrap.shards import leave_with, open_shards
    from intent.operations.hooks import replay_hook

    begin: datetime | None = None if since is None else instant(since)
    app, count = application(access=Access.WRITE), 0
    asked: dict[str, Any] = {"dead": dead, "webhook_ids": id_ or (), "since": begin}
    with stopping() as stop:
        leave_with(app, stop)
        for one in open_shards(app):
            count += replay_hook(one.database, name, **asked, stop=stop)
    if as_json:
        json_line({"replayed": count})
    else:
        say(f"{count:,} are on their way again; they are sent by: intent hooks deliver")


@app.command()
def deliver(
    drain: Annotated[
        bool,
        typer.Option("--drain", help="Leave when nothing can be sent now; exit 1 if some waits."),
    ] = False,
    metrics_port: MetricsPort = None,
    as_json: AsJson = False,
) -> None:
    """Send leads to their receivers, until SIGTERM or Ctrl-C. Safe to kill at any moment, and to
    run twice.

    Example: [bold]intent hooks deliver --drain[/]
    """
    from intent.bootstrap.hook_shards import build_deliverers, figures_of_all
    from intent.bootstrap.monitoring import Begun, monitored
    from intent.bootstrap.shards import keeper_of
    from intent.model.instruments import Teller

    app, begun = keeper_of(application(access=Access.WRITE)), Begun("deliverer")
    with (
        stopping() as stop,
        monitored(app, [Teller.HOOKS], begun, stop, port=metrics_port),
        progress_bar("delivering", None) as (bar, task),
    ):

        def progress(report: DeliverReport) -> None:
            bar.update(task, completed=report.delivered, note=f"{report.failed:,} tries failed")

        deliverer = build_deliverers(app, stop, progress)
        begun.now()
        try:
            deliverer.run(drain=drain)
        finally:
            tell_report(deliverer.report, as_json=as_json)
        stopped = stop.is_set()
    if drain and not stopped:
        _require_sent(figures_of_all(app))


def _require_sent(found: list[HookFigures]) -> None:
    left = sum(one.waiting for one in found)
    if left:
        raise OperatorError(
            f"{left:,} deliveries wait for their next try, or for their hook to go on; see: intent "
            "hooks list"
        )
