"""The verbs ``intent dead …``: what could not be read or decided."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Annotated

import typer

from intent.cli.arguments import AsJson, application
from intent.cli.screen import json_line, one_line, results, say
from intent.cli.stopping import stopping
from intent.store.access import Access

if TYPE_CHECKING:
    from intent.store.dead_letters import DeadLetter

app = typer.Typer(
    no_args_is_help=True, help="What could not be read or decided: list, show, replay, drop."
)
Numbers = Annotated[
    list[int],
    typer.Argument(metavar="ID…", min=1, max=2**63 - 1, help="Numbers from: intent dead list"),
]
SomeNumbers = Annotated[
    list[int] | None,
    typer.Argument(metavar="[ID…]", min=1, max=2**63 - 1, help="Numbers from: intent dead list"),
]
Reason = Annotated[
    str | None, typer.Option(help="Only those whose reason holds this text, large or small.")
]
Every = Annotated[bool, typer.Option("--all", help="Every letter (of that reason).")]


@app.command("list")
def list_(
    reason: Reason = None,
    limit: Annotated[int | None, typer.Option(min=1, help="So many at most, oldest first.")] = None,
    as_json: AsJson = False,
) -> None:
    """List dead letters, oldest first.

    Examples: [bold]intent dead list[/] · [bold]intent dead list --reason platform --limit 20[/]
    """
    from rich.table import Table
    from rich.text import Text

    from intent.operations.dead_letters import find_dead_letters

    table = Table(title="Dead letters", title_justify="left")
    for column in ("id", "when", "message", "tries", "reason"):
        table.add_column(column, overflow="fold")
    for letter in find_dead_letters(application().database, reason=reason, limit=limit):
        if as_json:
            json_line(_as_json(letter))
            continue
        table.add_row(
            str(letter.id),
            f"{letter.created_timestamp:%Y-%m-%d %H:%M}",
            Text(_place(letter)),
            str(letter.attempts),
            Text(one_line(letter.reason, 100)),
        )
    if not as_json:
        results().print(table if table.row_count else "No dead letters.")


@app.command()
def show(numbers: Numbers, as_json: AsJson = False) -> None:
    """Show dead letters with their payload; the JSON carries it in base64.

    Example: [bold]intent dead show 3[/]
    """
    from rich.text import Text

    from intent.operations.dead_letters import find_dead_letters

    for letter in find_dead_letters(application().database, numbers):
        if as_json:
            payload = base64.b64encode(letter.payload).decode("ascii")
            json_line({**_as_json(letter), "payload_base64": payload})
            continue
        reason = one_line(letter.reason, 500)
        say(f"{letter.id}  {_place(letter)}  {letter.attempts} tries  {reason}")
        payload = letter.payload.decode("utf-8", "backslashreplace")
        results().print(Text(one_line(payload, 2000)))


@app.command()
def replay(
    numbers: SomeNumbers = None,
    reason: Reason = None,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """Put messages into the inbox again, with all their tries.

    Examples: [bold]intent dead replay 3 4[/] · [bold]intent dead replay --reason Undecidable
    --all[/]
    """
    from intent.operations.dead_letters import Chosen
    from intent.operations.dead_letters import replay as put_again

    chosen = Chosen(tuple(numbers or ()), reason, every)
    database = application(access=Access.WRITE).database
    with stopping() as stop:
        database.leave_with(stop)
        done = put_again(database, chosen, stop=stop)
    if as_json:
        json_line({"replayed": done})
    else:
        say(f"{done:,} messages wait in the inbox again")


@app.command()
def drop(
    numbers: SomeNumbers = None,
    reason: Reason = None,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """Forget dead letters for good; a message goes with its letter.

    Examples: [bold]intent dead drop 3[/] · [bold]intent dead drop --reason "is no UTF-8" --all[/]
    """
    from intent.operations.dead_letters import Chosen
    from intent.operations.dead_letters import drop as delete

    chosen = Chosen(tuple(numbers or ()), reason, every)
    database = application(access=Access.WRITE).database
    with stopping() as stop:
        database.leave_with(stop)
        done = delete(database, chosen, stop=stop)
    if as_json:
        json_line({"dropped": done})
    else:
        say(f"{done:,} dead letters dropped")


def _place(letter: DeadLetter) -> str:
    named = letter.message_id is not None
    text = f"{letter.platform}:{letter.message_id}" if named else (letter.position or "unknown")
    return one_line(text, 60)


def _as_json(letter: DeadLetter) -> dict[str, str | int | None]:
    return {
        "id": letter.id,
        "platform": letter.platform,
        "message_id": letter.message_id,
        "position": letter.position,
        "reason": letter.reason,
        "attempts": letter.attempts,
        "digest": letter.digest,
        "created_timestamp": letter.created_timestamp.isoformat(),
    }
