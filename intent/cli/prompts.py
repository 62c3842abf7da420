"""The verbs ``intent prompts …``: check prompt files, show what is sent, list them, compare two."""

from __future__ import annotations

from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from intent.cli.arguments import AsJson, application, opened
from intent.cli.screen import json_line, results, say
from intent.model.errors import OperatorError

if TYPE_CHECKING:
    from intent.bootstrap.application import Application
    from intent.model.message import Message
    from intent.operations.prompts import PromptFolder

app = typer.Typer(no_args_is_help=True, help="Prompt files: lint, render, list, diff.")
Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME|PATH", help="An alias, the name of a prompt, or the path of a .prompty file."
    ),
]
_LINES = 500
_SHOWN = (
    "how much for two, and do you ship to Perth?",
    "hi from Leeds 👋",
    "call me 0491 570 156",
    "还有M码吗",
)


@app.command()
def lint(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME|PATH]…", help="Which prompts; default: all of the prompts folder."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check prompt files with everything that belongs to them; exit 1 if one is wrong.

    Examples: [bold]intent prompts lint[/] · [bold]intent prompts lint drafts/shorter.prompty[/]
    """
    from intent.operations.prompts import lint as check

    wrong = 0
    for one in check(_folder(application(quiet=True)), names or ()):
        wrong += one.error is not None
        if as_json:
            json_line(asdict(one))
        elif one.error:
            say(f"wrong  {one.error}")
        else:
            tokens = f"about {one.prefix_tokens} tokens before the messages"
            results().print(f"good   {one.name} {one.identity}, {tokens}", markup=False)
    if wrong:
        raise typer.Exit(1)


@app.command()
def render(
    name: Name = "production",
    text: Annotated[
        list[str] | None, typer.Option(help="A message to render; may be repeated.")
    ] = None,
    path: Annotated[
        str | None,
        typer.Option(
            "--messages",
            help="JSONL of messages of one room, or - for stdin; the first 20 are rendered.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what would be sent for some messages: contact details are replaced, the order is
    shuffled, ids are made up.

    Examples: [bold]intent prompts render --text "how much?"[/] · [bold]intent prompts render
    candidate --messages chat.jsonl --json[/]
    """
    from rich.text import Text

    from intent.operations.classify import plain_message
    from intent.operations.prompts import render as rendered

    if text and path:
        raise typer.BadParameter("give either --text or --messages")
    opened_app = application(quiet=True)
    prompt = _folder(opened_app).prompt(name)
    given = [plain_message(one, number) for number, one in enumerate(text or _SHOWN, 1)]
    messages = _read(path) if path else given
    chat = rendered(prompt, messages[: opened_app.settings.llm_batch])
    if as_json:
        json_line({"model": prompt.front.model.id, "messages": chat, "schema": dict(prompt.schema)})
        return
    for part in chat:
        say(f"── {part['role']} ──")
        results().print(Text(part["content"]), soft_wrap=True)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List prompts: which one production uses, for which model, and whether its answers were
    measured.

    Example: [bold]intent prompts list[/]
    """
    from rich.table import Table

    from intent.operations.prompts import list_prompts

    table = Table(title="Prompts", title_justify="left")
    for column in ("name", "alias", "identity", "model", "tokens", "calibration", "description"):
        table.add_column(column, overflow="fold")
    for one in list_prompts(_folder(application(quiet=True))):
        row = {**asdict(one), "alias": list(one.alias)}
        if as_json:
            json_line(row)
        else:
            table.add_row(*map(str, {**row, "alias": ", ".join(one.alias)}.values()))
    if not as_json:
        results().print(table)


@app.command()
def diff(
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="An alias, a name, or the path of a .prompty file.")
    ] = "production",
    new: Annotated[str, typer.Argument(metavar="NEW", help="The same.")] = "candidate",
) -> None:
    """Compare what two prompts send: texts after rendering, examples included, parameters and shape
    of the reply.

    Examples: [bold]intent prompts diff[/] · [bold]intent prompts diff production
    drafts/shorter.prompty[/]
    """
    from rich.text import Text

    from intent.operations.prompts import compare

    folder = _folder(application(quiet=True))
    before, after = folder.prompt(old), folder.prompt(new)
    lines = compare(old, before, new, after)
    for line in lines:
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
        results().print(Text(line, style=style), soft_wrap=True)
    if not lines:
        say(f"{old} and {new} send the same: {before.identity}")


def _folder(of: Application) -> PromptFolder:
    from intent.operations.prompts import PromptFolder

    return PromptFolder(of.prompts, of.taxonomy)


def _read(path: str) -> list[Message]:
    from intent.operations.classify import message_of
    from intent.sources.door import MAX_PAYLOAD_BYTES
    from intent.sources.records import read_records

    with opened(path) as descriptor:
        lines = islice(read_records(descriptor, MAX_PAYLOAD_BYTES + 1), _LINES)
        messages = [message_of(line) for line in lines if line is not None and line.payload.strip()]
    if not messages:
        raise OperatorError(f"{path} holds no messages; give a JSONL file of messages")
    return [message for message in messages if message.room_id == messages[0].room_id]
