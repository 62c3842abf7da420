"""Verbs for the operator: migrate, config, forget, and the dead letters."""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.table import Table
from rich.text import Text

from intent.bootstrap import build as bootstrap
from intent.bootstrap.settings import Settings, load_settings
from intent.cli.screen import json_line, one_line, results, say, stopping
from intent.features.online.state import SqlFeatureState
from intent.model.errors import OperatorError, WrongUse
from intent.operations.forget import forget as delete_person
from intent.store import dead_letters
from intent.store.address import shown_url
from intent.store.dead_letters import DeadLetter
from intent.store.engine import Database
from intent.store.erasure import SqlErasure

dead = typer.Typer(
    no_args_is_help=True, help="What could not be read or decided: list, show, replay, drop."
)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
Numbers = Annotated[
    list[int],
    typer.Argument(metavar="ID…", min=1, max=2**63 - 1, help="Numbers from: intent dead list"),
]


def migrate(
    to: Annotated[
        str, typer.Option(help="Migration to go to, up or down; base drops everything.")
    ] = "head",
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Go down without asking, and lose what the newer tables hold."),
    ] = False,
) -> None:
    """Bring the database to the newest migration, or to another one.

    Examples: [bold]intent migrate[/] · [bold]intent migrate --to 0001[/]
    """
    from intent.store import migrate as migrations

    database = bootstrap.open_database(load_settings(), checked=False)
    if to != "head" and not yes:
        typer.confirm(
            f"Going to {to} may drop tables with what they hold. Go on?", abort=True, err=True
        )
    before, after = migrations.migrate(database, bootstrap.migrations_dir(), to)
    say(
        f"the database is at migration {after or 'base'}"
        + ("" if before == after else f" (was {before or 'empty'})")
    )


def config(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the effective settings, where each comes from and what it means; secrets are hidden.

    Example: [bold]INTENT_BATCH_COUNT=64 intent config[/]
    """
    settings = load_settings()
    if as_json:
        json_line({name: _shown(name, settings) for name in Settings.model_fields})
        return
    table = Table()
    for column in ("variable", "value", "from", "meaning"):
        table.add_column(column, overflow="fold")
    for name, field in Settings.model_fields.items():
        origin = "environment" if name in settings.model_fields_set else "default"
        table.add_row(
            f"INTENT_{name.upper()}",
            Text(_shown(name, settings) or "none"),
            origin,
            field.description,
        )
    results().print(table)


def forget(
    user: Annotated[str, typer.Option(metavar="PLATFORM:ID", help="Whom, such as tiktok:u_1.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Delete a person's messages and everything made of them: decisions, questions, dead letters,
    features. Cannot be undone.

    Example: [bold]intent forget --user tiktok:u_1[/]
    """
    platform, _, key = user.partition(":")
    if not platform or not key:
        raise WrongUse(f"{user!r} names nobody; write PLATFORM:ID, such as tiktok:u_1")
    settings = load_settings()
    database = bootstrap.open_database(settings)
    features = SqlFeatureState(bootstrap.groups(bootstrap.build_taxonomy(settings)))
    with stopping() as stop:
        report = delete_person(platform, key, SqlErasure(), features, database, stop=stop)
        interrupted = stop.is_set()
    if as_json:
        json_line(asdict(report))
    else:
        say(
            f"{report.messages:,} messages and {report.refused:,} refused payloads deleted, with "
            "everything made of them"
        )
    if interrupted:
        raise OperatorError("interrupted; what was deleted is gone, go on with the same command")


@dead.command("list")
def list_(as_json: AsJson = False) -> None:
    """List dead letters, oldest first.

    Example: [bold]intent dead list[/]
    """
    letters = dead_letters.read_dead_letters(bootstrap.open_database(load_settings()))
    table = Table(title="Dead letters", title_justify="left")
    for column in ("id", "when", "message", "tries", "reason"):
        table.add_column(column, overflow="fold")
    for letter in letters:
        if as_json:
            json_line(_as_json(letter))
        else:
            table.add_row(
                str(letter.id),
                f"{letter.created_timestamp:%Y-%m-%d %H:%M}",
                Text(_place(letter)),
                str(letter.attempts),
                Text(one_line(letter.reason, 100)),
            )
    if not as_json:
        results().print(table if table.row_count else "No dead letters.")


@dead.command()
def show(numbers: Numbers, as_json: AsJson = False) -> None:
    """Show dead letters with their payload; the JSON carries it in base64.

    Example: [bold]intent dead show 3[/]
    """
    for letter in _found(bootstrap.open_database(load_settings()), numbers):
        if as_json:
            json_line(
                {
                    **_as_json(letter),
                    "payload_base64": base64.b64encode(letter.payload).decode("ascii"),
                }
            )
        else:
            say(
                f"{letter.id}  {_place(letter)}  {letter.attempts} tries  "
                f"{one_line(letter.reason, 500)}"
            )
            results().print(
                Text(one_line(letter.payload.decode("utf-8", "backslashreplace"), 2000))
            )


@dead.command()
def replay(numbers: Numbers) -> None:
    """Put buried messages into the inbox again, with all their tries.

    Example: [bold]intent dead replay 3 4[/]
    """
    database = bootstrap.open_database(load_settings())
    for letter in _found(database, numbers):
        if letter.message_id is None:
            raise OperatorError(
                f"dead letter {letter.id} is no message: {letter.reason}; mend the line, ingest it "
                f"again, and: intent dead drop {letter.id}"
            )
        dead_letters.replay(database, letter)
        say(f"dead letter {letter.id} waits in the inbox again")


@dead.command()
def drop(numbers: Numbers) -> None:
    """Forget dead letters for good; a buried message goes with its letter.

    Example: [bold]intent dead drop 3[/]
    """
    database = bootstrap.open_database(load_settings())
    for letter in _found(database, numbers):
        dead_letters.drop(database, letter.id)
        say(f"dead letter {letter.id} dropped")


def _found(database: Database, numbers: list[int]) -> list[DeadLetter]:
    letters = list(dead_letters.read_dead_letters(database, numbers))
    missing = sorted(set(numbers) - {letter.id for letter in letters})
    if missing:
        raise OperatorError(
            f"there is no dead letter {', '.join(map(str, missing))}; see: intent dead list"
        )
    return letters


def _place(letter: DeadLetter) -> str:
    return one_line(
        f"{letter.platform}:{letter.message_id}"
        if letter.message_id
        else (letter.position or "unknown"),
        60,
    )


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


def _shown(name: str, settings: Settings) -> str | None:
    value = getattr(settings, name)
    if name == "database_url":
        return shown_url(value.get_secret_value())
    if value is None:
        return None
    return "********" if isinstance(value, SecretStr) else str(value)
