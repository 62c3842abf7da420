"""Verbs for the prompt engineer: check prompt files, show what is sent, list them, compare two."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from intent.bootstrap import build as bootstrap
from intent.bootstrap.resources import locate
from intent.bootstrap.settings import Settings, load_settings
from intent.classify.llm.batch import compose, prepare
from intent.classify.llm.calibration import load_calibration
from intent.classify.llm.models import choose_model, load_models
from intent.classify.llm.prompt import Prompt, aliases, load_alias, load_prompt
from intent.classify.route import load_route
from intent.cli.flow import opened
from intent.cli.model import message_of, plain_message
from intent.cli.screen import json_line, results, say
from intent.model.errors import OperatorError, TemplateError
from intent.model.message import Message
from intent.model.question import Claim, Question
from intent.model.taxonomy import Taxonomy
from intent.sources.lines import read_lines
from intent.sources.replay import MAX_PAYLOAD_BYTES

app = typer.Typer(no_args_is_help=True, help="Prompt files: lint, render, list, diff.")
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
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


@dataclass(frozen=True, slots=True)
class _Folder:
    """The prompts folder, read once."""

    path: Path
    taxonomy: Taxonomy

    def prompt(self, name: str) -> Prompt:
        return (
            load_prompt(Path(name), self.taxonomy)
            if name.endswith(".prompty")
            else load_alias(self.path, name, self.taxonomy)
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
    settings = load_settings()
    folder = _folder(settings)
    wrong = 0
    for name in names or sorted(path.stem for path in folder.path.glob("*.prompty")):
        try:
            prompt = folder.prompt(name)
            verdict = {
                "name": prompt.front.name,
                "identity": prompt.identity,
                "prefix_tokens": prompt.prefix_tokens,
                "error": None,
            }
        except TemplateError as error:
            wrong += 1
            verdict = {"name": name, "identity": None, "prefix_tokens": None, "error": str(error)}
        if as_json:
            json_line(verdict)
        elif verdict["error"]:
            say(f"wrong  {verdict['error']}")
        else:
            results().print(
                f"good   {verdict['name']} {verdict['identity']}, about {verdict['prefix_tokens']} "
                "tokens before the messages",
                markup=False,
            )
    load_route(folder.path / "route.yaml")
    registry = load_models(folder.path / "models.yaml")
    for alias in aliases(folder.path):
        prompt = folder.prompt(alias)
        load_calibration(
            folder.path / "calibration.yaml",
            folder.taxonomy,
            prompt=prompt.identity,
            model=prompt.front.model.id,
        )
        choose_model(registry, prompt.front.model.id, None)
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
    if text and path:
        raise typer.BadParameter("give either --text or --messages")
    settings = load_settings()
    prompt = _folder(settings).prompt(name)
    messages = (
        _read(path)
        if path
        else [plain_message(one, number) for number, one in enumerate(text or _SHOWN, 1)]
    )
    batch = compose(
        [prepare(_claim(message), prompt.identity) for message in messages[: settings.llm_batch]],
        (),
        b"render",
    )
    chat = prompt.chat(batch.room, batch.before, batch.messages)
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
    settings = load_settings()
    folder = _folder(settings)
    known = aliases(folder.path)
    table = Table(title="Prompts", title_justify="left")
    for column in ("name", "alias", "identity", "model", "tokens", "calibration", "description"):
        table.add_column(column, overflow="fold")
    for path in sorted(folder.path.glob("*.prompty")):
        prompt = load_prompt(path, folder.taxonomy)
        row = _row(
            prompt, [alias for alias, target in known.items() if target == path.stem], folder
        )
        if as_json:
            json_line(row)
        else:
            table.add_row(
                *(
                    ", ".join(value) if isinstance(value, list) else str(value)
                    for value in row.values()
                )
            )
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
    folder = _folder(load_settings())
    before, after = folder.prompt(old), folder.prompt(new)
    lines = difflib.unified_diff(
        _sent(before),
        _sent(after),
        f"{old} {before.identity}",
        f"{new} {after.identity}",
        lineterm="",
        n=1,
    )
    shown = False
    for line in lines:
        shown = True
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
        results().print(Text(line, style=style), soft_wrap=True)
    if not shown:
        say(f"{old} and {new} send the same: {before.identity}")


def _folder(settings: Settings) -> _Folder:
    return _Folder(locate("prompts", settings.prompts_dir), bootstrap.build_taxonomy(settings))


def _row(prompt: Prompt, names: list[str], folder: _Folder) -> dict[str, Any]:
    model = prompt.front.model.id
    calibration = load_calibration(
        folder.path / "calibration.yaml", folder.taxonomy, prompt=prompt.identity, model=model
    )
    return {
        "name": prompt.front.name,
        "alias": names,
        "identity": prompt.identity,
        "model": model,
        "tokens": prompt.prefix_tokens,
        "calibration": calibration.version,
        "description": prompt.front.description,
    }


def _sent(prompt: Prompt) -> list[str]:
    head = [
        f"model: {prompt.front.model.id}",
        f"parameters: {prompt.front.model.parameters.model_dump_json()}",
    ]
    schema = json.dumps(prompt.schema, indent=1).splitlines()
    return [
        *head,
        "",
        "system:",
        *prompt.stable.splitlines(),
        "",
        "user:",
        *prompt.user.source.splitlines(),
        "",
        "reply:",
        *schema,
    ]


def _read(path: str) -> list[Message]:
    with opened(path) as descriptor:
        lines = islice(read_lines(descriptor, MAX_PAYLOAD_BYTES + 1), _LINES)
        messages = [message_of(line) for line in lines if line is not None and line.payload.strip()]
    if not messages:
        raise OperatorError(f"{path} holds no messages; give a JSONL file of messages")
    return [message for message in messages if message.room_id == messages[0].room_id]


def _claim(message: Message) -> Claim:
    question = Question(message.platform, message.message_id, message.room_id, message.sent_at, 0)
    return Claim(question, message, receipt=0, token="", attempts=1)
