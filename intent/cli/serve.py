"""The verb ``intent serve``: the API and the pages, over HTTP."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from intent.cli.arguments import MetricsPort, application
from intent.cli.demo import DEMO_DATABASE
from intent.cli.screen import say
from intent.cli.stopping import stopping
from intent.model.errors import OperatorError, StoreUnavailable, WrongUse
from intent.store.access import Access

if TYPE_CHECKING:
    from intent.bootstrap.application import Application


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen to; other machines reach 0.0.0.0 or ::.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 8000,
    deliver: Annotated[
        bool,
        typer.Option("--deliver", help="Send leads to their receivers, as intent hooks deliver."),
    ] = False,
    demo: Annotated[
        bool,
        typer.Option("--demo", help="Say a bundled sample as if it were live, and show its leads."),
    ] = False,
    database: Annotated[
        Path | None,
        typer.Option(help="SQLite file of the demo, made when missing. [default: demo.db]"),
    ] = None,
    metrics_port: MetricsPort = None,
) -> None:
    """Serve the API and the pages over HTTP until SIGTERM or Ctrl-C. Safe to kill at any moment.

    By default only this machine reaches it, and as long as no key exists whoever sits here may do
    everything. Where other machines reach it, a key must exist.

    With --demo it has a database of its own, whatever INTENT_DATABASE_URL says, and leads arrive
    at once: no network, no LLM, nothing to set up.

    Examples: [bold]intent serve[/] · [bold]intent serve --port 8080[/] ·
    [bold]intent serve --host 0.0.0.0[/] · [bold]intent serve --demo[/]
    """
    if database is not None and not demo:
        raise WrongUse("--database is that of --demo; others are named by INTENT_DATABASE_URL")
    try:
        from intent.web.app import build_web
        from intent.web.service import Service
        from intent.web.serving import WebServer, open_listener
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        raise OperatorError(
            "what serves HTTP is not installed; run: pip install 'lead-intent[serve]'"
        ) from error
    from intent.bootstrap.demo import build_demo
    from intent.bootstrap.hooks import delivering
    from intent.bootstrap.housekeeping import housekeeping
    from intent.bootstrap.monitoring import beside, traced
    from intent.bootstrap.shards import keeper_of
    from intent.web.entrance import entrance_for

    app = application(access=Access.CREATE, quiet=demo)
    if demo:
        app = build_demo(app.settings, database or DEMO_DATABASE)
    app = keeper_of(app)
    listener = open_listener(host, port)
    entrance = entrance_for(listener.getsockname()[0], app.settings.serve_hosts)
    _look(app, alone=entrance.open_while_keyless, demo=demo)
    service = Service(app, entrance)
    server = WebServer(service, build_web(service), listener)
    shown = f"[{host}]" if ":" in host else host
    telling = delivering(app) if deliver else nullcontext()
    beneath = _replay(app) if demo else housekeeping(app)
    with stopping(), traced(app), beside(app, service.pages, metrics_port), telling, beneath:
        say(f"http://{shown}:{server.port} is open; Ctrl-C leaves")
        server.serve_until_told()


def _replay(app: Application) -> AbstractContextManager[None]:
    from intent.bootstrap.demo import replaying

    say(f"a bundled sample is said as if it were live, and stays in {app.database.place}")
    return replaying(app, say)


def _look(app: Application, *, alone: bool, demo: bool) -> None:
    """Open the database, or leave that to the first request when it is away; say who is let in.

    Args:
        alone: only this machine reaches us.
        demo: other verbs look elsewhere by themselves.

    Raises:
        OperatorError: somebody must mend it first, or make a key.
    """
    from intent.operations.keys import was_any_made

    try:
        keyless = not was_any_made(app.database)
    except StoreUnavailable as error:
        say(f"{error}; requests are told to come again until it is there")
        return
    if not keyless:
        say("programs show a key, people sign in with one; intent keys list says which there are")
        return
    if not alone:
        raise OperatorError(
            "other machines would reach this, and no key exists; make one: intent keys create "
            "NAME --scope admin"
        )
    until = "" if demo else ", until: intent keys create NAME --scope …"
    say(f"whoever sits at this machine may do everything{until}")
