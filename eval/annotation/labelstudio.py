"""Label Studio: its labelling configuration from the taxonomy, tasks to label, and what annotators
made of them.

Formats: labelstud.io, *Label Studio JSON format of annotated tasks*; choices carry the labels,
spans the slots.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from eval.annotation.annotations import Given
from eval.annotation.annotators import MAIL, Signature
from eval.annotation.labelstudio_results import LABELS, SLOTS, TEXT, given_in
from eval.data.dataset import Annotation, DatasetFault, Entry, ExpectedSlot
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy
from intent.sources.decoding import read_text


def configuration(taxonomy: Taxonomy) -> str:
    """Return the labelling configuration: choices for the labels, with their meanings, and spans
    for the slots.
    """
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Header", value="$situation", size="5")
    ElementTree.SubElement(view, "Text", name=TEXT, value=f"${TEXT}")
    choices = ElementTree.SubElement(
        view,
        "Choices",
        name=LABELS,
        toName=TEXT,
        choice="multiple",
        required="true",
        showInline="false",
    )
    for label in taxonomy.labels:
        ElementTree.SubElement(
            choices, "Choice", value=label.name, hint=f"{label.title}: {label.meaning}"
        )
    spans = ElementTree.SubElement(view, "Labels", name=SLOTS, toName=TEXT)
    for slot in taxonomy.slots:
        ElementTree.SubElement(spans, "Label", value=slot)
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def tasks(
    rows: Sequence[Entry],
    *,
    blind: bool,
    guesses: Mapping[str, Sequence[str]] | None = None,
    model: str = "",
    adjudicated: bool = False,
) -> list[dict[str, Any]]:
    """Return tasks for rows.

    Args:
        blind: leave out every label that was given.
        guesses: labels that a model would choose, by row, to show as predictions.
        adjudicated: for whoever settles disagreements: show what each annotator said, as
            predictions.
    """
    made = []
    for row in rows:
        task = _task(row, blind=blind or adjudicated)
        guess = (guesses or {}).get(row.id)
        shown: list[tuple[str, Sequence[str], Sequence[ExpectedSlot]]] = []
        if guess is not None:
            shown.append((model, guess, ()))
        if adjudicated:
            shown += [(held.by, held.labels, held.slots or ()) for held in row.labels]
        if shown:
            task["predictions"] = [
                {"model_version": who, "result": [_choice(labels), *_spans(row, slots)]}
                for who, labels, slots in shown
            ]
        made.append(task)
    return made


def read_tasks(
    path: Path,
    taxonomy: Taxonomy,
    *,
    by: str | None = None,
    guideline: int = 1,
    names: Mapping[str, str] | None = None,
) -> tuple[list[Given], list[DatasetFault]]:
    """Read exported tasks, as JSON or JSON_MIN: what annotators gave, and every result that is set
    aside, with the reason.

    Args:
        by: the annotator's name, where the file does not tell annotators apart.
        names: names of annotators' own choice.

    Raises:
        OperatorError: the file is no list of tasks.
    """
    try:
        found = json.loads(read_text(path))
    except (OSError, ValueError) as error:
        raise OperatorError(f"{path} is no Label Studio JSON: {error}") from error
    if not isinstance(found, list):
        raise OperatorError(f"{path} is no Label Studio JSON: it must be a list of tasks")
    signature = Signature(by, guideline, names or {})
    given: list[Given] = []
    aside: list[DatasetFault] = []
    for number, task in enumerate(found, 1):
        taken, left = given_in(task, f"task {number}", signature, frozenset(taxonomy.slots))
        given += taken
        aside += left
    return given, aside


def _task(row: Entry, *, blind: bool) -> dict[str, Any]:
    context, message = row.input.context, row.input
    about = {
        "offer": context.offer if context else None,
        "item": context.item if context else None,
        "reply to": message.reply_to.text if message.reply_to else None,
        "author": message.author_role.value,
        "kind": message.kind.value,
    }
    situation = " · ".join(f"{name}: {value}" for name, value in about.items() if value)
    task: dict[str, Any] = {"data": {"row": row.id, TEXT: message.text, "situation": situation}}
    if not blind:
        task["annotations"] = [
            {
                "completed_by": {"email": held.by + MAIL},
                "guideline": held.guideline,
                "result": [
                    _choice(held.labels),
                    *_spans(row, _slots(row, held)),
                ],
            }
            for held in row.labels
        ]
    return task


def _choice(labels: Sequence[str]) -> dict[str, Any]:
    return {
        "from_name": LABELS,
        "to_name": TEXT,
        "type": "choices",
        "value": {"choices": list(labels)},
    }


def _slots(row: Entry, held: Annotation) -> tuple[ExpectedSlot, ...]:
    if held.slots is not None:
        return held.slots
    expected = row.expected
    return expected.slots if expected is not None and held.labels == expected.labels else ()


def _spans(row: Entry, slots: Sequence[ExpectedSlot]) -> list[dict[str, Any]]:
    found = []
    for slot in slots:
        start = row.input.text.index(slot.text)
        value = {
            "start": start,
            "end": start + len(slot.text),
            "text": slot.text,
            "labels": [slot.kind],
        }
        found.append({"from_name": SLOTS, "to_name": TEXT, "type": "labels", "value": value})
    return found
