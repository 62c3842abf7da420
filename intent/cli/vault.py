"""The verbs ``intent vault …``: the keys of contact details, older texts, and who looked."""

from __future__ import annotations

from typing import Annotated

import typer

from intent.cli.arguments import AsJson, application, platform_and_id
from intent.cli.screen import json_line, results, say
from intent.cli.stopping import stopping
from intent.model.errors import OperatorError
from intent.store.access import Access

app = typer.Typer(
    no_args_is_help=True,
    help="Contact details: what is sealed and by which key, and who looked at them.",
)


@app.command()
def status(
    look: Annotated[
        bool, typer.Option("--look", help="Look through all texts for details in plain.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show how many contact details are sealed, and which master keys wrap the keys to them.

    Examples: [bold]intent vault status[/] · [bold]intent vault status --look[/]
    """
    from intent.operations.vault_upkeep import vault_state

    made = application()
    state = vault_state(made.database, made.vault, look=look)
    if as_json:
        json_line(
            {
                "details": state.details,
                "masters": state.masters,
                "current": state.current,
                "plain": state.plain,
            }
        )
        return
    say(f"{state.details:,} contact details are sealed")
    for name, count in state.masters.items():
        note = "wraps" if name == state.current else "takes part until: intent vault rotate"
        say(f"master key {name}: {count:,} keys; {note}")
    if state.plain is not None:
        remedy = "; move them in with: intent vault seal" if any(state.plain.values()) else ""
        counted = ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in state.plain.items())
        say(f"rows that hold a detail in plain: {counted}{remedy}")


@app.command()
def seal(as_json: AsJson = False) -> None:
    """Move contact details that older versions stored in plain into the vault, while everything
    runs; it may be stopped, and the same call goes on.

    Example: [bold]intent vault seal[/]
    """
    from intent.operations.forget import overwrite
    from intent.operations.vault_upkeep import move_in

    made = application(access=Access.WRITE)
    with stopping() as stop:
        made.database.leave_with(stop)
        moved = move_in(made.database, made.vault, stop=stop)
        overwritten = overwrite(made.database.cut_log, stop) if moved.complete else None
    if as_json:
        json_line({"messages": moved.messages, "letters": moved.letters, "all": moved.complete})
    else:
        say(f"{moved.messages:,} messages and {moved.letters:,} dead letters hold no details now")
    if not moved.complete:
        raise OperatorError("told to leave; to go on: intent vault seal")
    if overwritten is False:
        raise OperatorError(
            "a reader holds the log of the database, where they still stand; run the same again"
        )


@app.command()
def rotate(as_json: AsJson = False) -> None:
    """Make a new master key in the key file and wrap all keys with it; or go on with that, or with
    the key of INTENT_VAULT_KEY. What is sealed stays as it is, and everything goes on meanwhile.

    With the variable: give all processes the new key in INTENT_VAULT_KEY and the old one in
    INTENT_VAULT_KEY_OLD, run this, then take the old one away.

    Example: [bold]intent vault rotate[/]
    """
    from intent.bootstrap.vault_masters import begin_rotation
    from intent.operations.vault_upkeep import rewrap_keys, vault_state

    made = application(access=Access.WRITE)
    begin_rotation(made)
    with stopping() as stop:
        made.database.leave_with(stop)
        done = rewrap_keys(made.database, made.vault, stop=stop)
    state = vault_state(made.database, made.vault, look=False)
    left = sum(count for name, count in state.masters.items() if name != state.current)
    if as_json:
        json_line({"wrapped": done, "left": left, "current": state.current})
    else:
        say(f"{done:,} keys are wrapped by master key {state.current}, {left:,} by another")
    if left:
        raise OperatorError("told to leave; to go on: intent vault rotate")


@app.command()
def accesses(
    user: Annotated[
        str | None, typer.Option(metavar="PLATFORM:ID", help="Only to details of this author.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="So many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show who was shown contact details of whom, newest first.

    Examples: [bold]intent vault accesses[/] · [bold]intent vault accesses --user tiktok:u_1[/]
    """
    from dataclasses import asdict

    from rich.table import Table
    from rich.text import Text

    from intent.operations.contact_book import list_accesses

    whose = platform_and_id(user) if user else None
    found = list_accesses(application().database, whose, limit=limit)
    table = Table(title="Looks at contact details, UTC", title_justify="left")
    for column in ("when", "who", "through", "author", "message"):
        table.add_column(column, overflow="fold")
    for one in found:
        if as_json:
            json_line({**asdict(one), "seen_timestamp": one.seen_timestamp.isoformat()})
            continue
        author = f"{one.platform}:{one.user_id}" if one.user_id else "forgotten"
        when = f"{one.seen_timestamp:%Y-%m-%d %H:%M:%S}"
        table.add_row(when, Text(one.seen_by), one.seen_through, Text(author), Text(one.message_id))
    if not as_json:
        results().print(table if found else "Nobody looked at contact details yet.")
