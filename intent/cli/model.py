"""Verbs around the model: classify, train."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from intent.bootstrap import build as bootstrap
from intent.bootstrap.settings import Settings, load_settings
from intent.cli.flow import opened
from intent.cli.screen import flush, json_line, one_line, results, say
from intent.model.decision import Decision
from intent.model.errors import Malformed, OperatorError
from intent.model.message import Message, parse_message
from intent.ports.deciding import Classifier
from intent.sources.lines import Line, read_lines
from intent.sources.replay import MAX_PAYLOAD_BYTES

BATCH = 256


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
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Decide messages and print the decisions in the input's order; stores nothing.

    Examples: [bold]intent classify --text "how much?"[/] · [bold]intent classify chat.jsonl
    --json[/] · [bold]intent classify - --model my_model[/] · [bold]intent classify chat.jsonl --by
    llm[/]
    """
    if (path is None) == (not text):
        raise typer.BadParameter("give either a PATH (or - for stdin) or --text")
    classifier = _classifier(load_settings(), by, model)
    if text:
        _classify(
            classifier, [plain_message(one, number) for number, one in enumerate(text, 1)], as_json
        )
        return
    assert path is not None
    with opened(path) as descriptor:
        refused = 0
        for batch, wrong in _batches(descriptor):
            _classify(classifier, batch, as_json)
            flush()
            refused += wrong
    if refused:
        say(f"{refused:,} lines were refused and have no decision")
        raise typer.Exit(1)


def _classifier(settings: Settings, by: By, model: Path | None) -> Classifier:
    """Return what decides: of a cascade without an LLM the local model is left."""
    if by is By.LLM and not bootstrap.llm_is_on(settings):
        raise OperatorError(
            "no LLM is configured; set INTENT_LLM_BASE_URL or INTENT_LLM_API_KEY, or use --by local"
        )
    local = (
        bootstrap.build_local(settings, model_dir=model)
        if by is By.LOCAL or model
        else bootstrap.build_classifier(settings)
    )
    if by is By.LOCAL or not bootstrap.llm_is_on(settings):
        return local
    from intent.bootstrap.asking import build_cascade

    return build_cascade(settings, local, everything=by is By.LLM)


def train(
    data: Annotated[
        Path, typer.Option(help='JSONL to learn from: {"text", "labels"} a line is enough.')
    ],
    out: Annotated[Path, typer.Option(help="Folder to write the model to.")],
    dev: Annotated[
        Path | None,
        typer.Option(help="JSONL to choose thresholds on; without it they are cross-fitted."),
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(help="Sentence encoder: a folder or hub name; default: the bundled one."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as one JSON object.")
    ] = False,
) -> None:
    """Train a model from labelled messages, of this taxonomy or any other, single- or multi-label.

    Examples: [bold]intent train --data train.jsonl --out my_model[/] · [bold]intent classify
    test.jsonl --model my_model --json[/]
    """
    from intent.training.train import train as run

    settings = load_settings()
    chosen = encoder or settings.encoder
    taxonomy = bootstrap.build_taxonomy(settings)
    report = run(
        data,
        dev,
        out,
        encoder=chosen,
        taxonomy=taxonomy,
        cache_dir=settings.cache_dir,
        progress=lambda line: say(line),
    )
    if as_json:
        json_line(asdict(report))
    else:
        say(f"the model lies in {out}; try: intent classify PATH --model {out} --json")


def _batches(descriptor: int) -> Iterator[tuple[list[Message], int]]:
    batch: list[Message] = []
    refused = 0
    for line in read_lines(descriptor, MAX_PAYLOAD_BYTES + 1):
        if line is not None and line.payload.strip():
            try:
                batch.append(message_of(line))
            except Malformed as error:
                refused += 1
                say(f"refused line {line.number}: {error}")
        if batch and (line is None or len(batch) == BATCH):
            yield batch, refused
            batch, refused = [], 0
    yield batch, refused


def message_of(line: Line) -> Message:
    """Return the message of a line: in its wire shape, under ``input`` as in labelled data, or made
    up around a bare text.

    Raises:
        Malformed: it is none of these.
    """
    if line.size > MAX_PAYLOAD_BYTES:
        raise Malformed(f"the line is {line.size} bytes long, the limit is {MAX_PAYLOAD_BYTES}")
    try:
        return parse_message(line.payload)
    except Malformed as error:
        # A line may hold a bare {"text": …}, as training data does, or a labelled row with the
        # message under "input".
        try:
            value = json.loads(line.payload)
        except (ValueError, RecursionError):
            raise error from None
        if isinstance(value, dict) and isinstance(value.get("input"), dict):
            return parse_message(json.dumps(value["input"]).encode("utf-8"))
        if (
            not isinstance(value, dict)
            or set(value) & {"platform", "message_id", "room_id", "kind", "sent_at"}
            or not isinstance(value.get("text"), str)
        ):
            raise
        return parse_message(
            json.dumps(
                {**_PLAIN, "message_id": f"line-{line.number}", "text": value["text"]}
            ).encode("utf-8")
        )


_PLAIN = {
    "platform": "none",
    "room_id": "none",
    "user_id": "none",
    "kind": "comment",
    "sent_at": "1970-01-01T00:00:00Z",
}


def plain_message(text: str, number: int) -> Message:
    """Return a message of a text that was given on the command line.

    Raises:
        OperatorError: the text is refused.
    """
    try:
        return parse_message(
            json.dumps({**_PLAIN, "message_id": f"text-{number}", "text": text}).encode(
                "utf-8", "surrogatepass"
            )
        )
    except Malformed as error:
        raise OperatorError(f"--text {number} is refused: {error}") from error


def _classify(classifier: Classifier, messages: Sequence[Message], as_json: bool) -> None:
    if not messages:
        return
    for message, decision in zip(messages, classifier.classify(messages), strict=True):
        if as_json:
            json_line(decision_json(message, decision))
        else:
            slots = "  ".join(f"{slot.kind}={one_line(slot.text, 80)}" for slot in decision.slots)
            chosen = (f"{name} {decision.probabilities[name]:.0%}" for name in decision.labels)
            line = f"{decision.lead_probability:6.1%} lead  {', '.join(chosen)}"
            left = "(local: the LLM gave no answer)" if decision.degraded else ""
            results().print(f"{line}  {slots}  {left}".rstrip(), markup=False, soft_wrap=True)


def decision_json(message: Message, decision: Decision) -> dict[str, Any]:
    """Return a decision as ``intent classify --json`` prints it."""
    versions = decision.versions
    return {
        "platform": message.platform,
        "message_id": message.message_id,
        "labels": list(decision.labels),
        "is_lead": decision.is_lead,
        "lead_probability": round(decision.lead_probability, 6),
        "probabilities": {name: round(value, 6) for name, value in decision.probabilities.items()},
        "decided_by": decision.decided_by.value,
        "from_cache": decision.from_cache,
        "degraded": decision.degraded,
        "slots": [{"kind": slot.kind, "text": slot.text} for slot in decision.slots],
        "versions": {
            "taxonomy": versions.taxonomy,
            "prompt": versions.prompt,
            "model": versions.model,
            "calibration": versions.calibration,
        },
    }
