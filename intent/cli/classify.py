"""The verb ``intent classify``: decides messages and stores nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from intent.cli.arguments import AsJson, application, opened
from intent.cli.screen import flush, json_line, one_line, plain_line, say
from intent.model.errors import Malformed, OperatorError, WrongUse

if TYPE_CHECKING:
    from intent.bootstrap.application import Application
    from intent.model.message import Message
    from intent.ports.deciding import Classifier

AT_ONCE = 2048
"""Messages that the local model is given at once where so many are there: many texts are quicker
together.
"""

AT_ONCE_TO_ASK = 256
"""The same where the LLM may be asked: nobody should wait for the answers of thousands."""


class By(StrEnum):
    """Who is to decide."""

    LOCAL = "local"
    LLM = "llm"
    CASCADE = "cascade"


def classify(
    path: Annotated[
        str | None,
        typer.Argument(
            metavar="[PATH|-]", help='JSONL of messages or of {"text": …}, or - for stdin.'
        ),
    ] = None,
    text: Annotated[
        list[str] | None, typer.Option(help="A message given right here; may be repeated.")
    ] = None,
    by: Annotated[
        By, typer.Option(help="Who decides; a cascade asks the LLM only where that is worth it.")
    ] = By.CASCADE,
    model: Annotated[
        Path | None,
        typer.Option(help="Folder of a model made by intent train; default: the one that ships."),
    ] = None,
    engine: Annotated[
        Literal["spark"] | None,
        typer.Option(help="spark: as a job, for histories; PATH is Parquet or .jsonl."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="With --engine: a new folder of Parquet to write.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Decide messages and print the decisions in the input's order; stores nothing.

    Examples: [bold]intent classify --text "how much?"[/] · [bold]intent classify chat.jsonl
    --json[/] · [bold]intent classify - --model my_model[/] · [bold]intent classify chat.jsonl --by
    llm[/] · [bold]intent classify chat.parquet --engine spark --output decided/[/]
    """
    from intent.operations.classify import plain_message

    if engine or output:
        _classify_history(path, text, by, output, model, as_json)
        return
    if (path is None) == (not text):
        raise typer.BadParameter("give either a PATH (or - for stdin) or --text")
    classifier, at_once = _classifier(application(quiet=True), by, model)
    if text:
        _classify(
            classifier, [plain_message(one, number) for number, one in enumerate(text, 1)], as_json
        )
        return
    assert path is not None
    _classify_lines(classifier, path, at_once, as_json)


def _classify_lines(classifier: Classifier, path: str, at_once: int, as_json: bool) -> None:
    refused = 0
    with opened(path) as descriptor:
        for batch, wrong in _batches(descriptor, at_once):
            _classify(classifier, batch, as_json)
            flush()
            refused += wrong
    if refused:
        say(f"{refused:,} lines were refused and have no decision")
        raise typer.Exit(1)


def _classify_history(
    path: str | None,
    text: list[str] | None,
    by: By,
    output: Path | None,
    model: Path | None,
    as_json: bool,
) -> None:
    from intent.cli.history import classify_on_spark

    if text or by is By.LLM:
        raise WrongUse("--engine spark and --output take no --text and ask no LLM")
    classify_on_spark(application(quiet=True), path, output, model=model, as_json=as_json)


def _classifier(app: Application, by: By, model: Path | None) -> tuple[Classifier, int]:
    """Return what decides, and how many messages it is given at once: of a cascade without an LLM
    the local model is left.
    """
    from intent.bootstrap.deciding import build_classifier, build_local, llm_is_on

    if by is By.LLM and not llm_is_on(app):
        raise OperatorError(
            "no LLM is configured; set INTENT_LLM_BASE_URL or INTENT_LLM_API_KEY, or use --by local"
        )
    local = build_local(app, model_dir=model) if by is By.LOCAL or model else build_classifier(app)
    if by is By.LOCAL or not llm_is_on(app):
        return local, AT_ONCE
    from intent.bootstrap.asking import build_cascade

    return build_cascade(app, local, everything=by is By.LLM), AT_ONCE_TO_ASK


def _batches(descriptor: int, at_once: int) -> Iterator[tuple[list[Message], int]]:
    from intent.operations.classify import message_of
    from intent.sources.door import MAX_PAYLOAD_BYTES
    from intent.sources.records import read_records

    batch: list[Message] = []
    refused = 0
    for line in read_records(descriptor, MAX_PAYLOAD_BYTES + 1):
        if line is not None and line.payload.strip():
            try:
                batch.append(message_of(line))
            except Malformed as error:
                refused += 1
                say(f"refused line {line.number}: {error}")
        if batch and (line is None or len(batch) == at_once):
            yield batch, refused
            batch, refused = [], 0
    yield batch, refused


def _classify(classifier: Classifier, messages: Sequence[Message], as_json: bool) -> None:
    if not messages:
        return
    from intent.operations.classify import decision_json

    for message, decision in zip(messages, classifier.classify(messages), strict=True):
        if as_json:
            json_line(decision_json(message, decision))
        else:
            slots = "  ".join(f"{slot.kind}={one_line(slot.text, 80)}" for slot in decision.slots)
            chosen = (f"{name} {decision.probabilities[name]:.0%}" for name in decision.labels)
            line = f"{decision.lead_probability:6.1%} lead  {', '.join(chosen)}"
            left = "(local: the LLM gave no answer)" if decision.degraded else ""
            plain_line(f"{line}  {slots}  {left}".rstrip())
