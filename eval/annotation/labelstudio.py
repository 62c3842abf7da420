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
from eval.data.dataset import DatasetFault, ExpectedSlot, Row
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy
from intent.sources.decoding import read_text

_LABELS, _SLOTS, _TEXT = "labels", "slots", "text"
_MAIL = "@annotators.invalid"
"""Label Studio knows annotators by address; these lead nowhere."""


def configuration(taxonomy: Taxonomy) -> str:
    """Return the labelling configuration: choices for the labels, with their meanings, and spans
    for the slots.
    """
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Header", value="$situation", size="5")
    ElementTree.SubElement(view, "Text", name=_TEXT, value=f"${_TEXT}")
    choices = ElementTree.SubElement(
        view,
        "Choices",
        name=_LABELS,
        toName=_TEXT,
        choice="multiple",
        required="true",
        showInline="false",
    )
    for label in taxonomy.labels:
        ElementTree.SubElement(
            choices, "Choice", value=label.name, hint=f"{label.title}: {label.meaning}"
        )
    spans = ElementTree.SubElement(view, "Labels", name=_SLOTS, toName=_TEXT)
    for slot in taxonomy.slots:
        ElementTree.SubElement(spans, "Label", value=slot)
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def tasks(
    rows: Sequence[Row],
    *,
    blind: bool,
    guesses: Mapping[str, Sequence[str]] | None = None,
    model: str = "",
) -> list[dict[str, Any]]:
    """Return tasks for rows.

    Args:
        blind: leave out every label that was given.
        guesses: labels that a model would choose, by row, to show as predictions.
    """
    return [_task(row, blind=blind, guess=(guesses or {}).get(row.id), model=model) for row in rows]


def read_tasks(
    path: Path, taxonomy: Taxonomy, *, by: str | None, guideline: int
) -> tuple[list[Given], list[DatasetFault]]:
    """Read exported tasks: what annotators gave, and every task that is malformed.

    Args:
        by: the annotator's name, where the file does not tell annotators apart.

    Raises:
        OperatorError: the file is no list of tasks.
    """
    try:
        found = json.loads(read_text(path))
    except (OSError, ValueError) as error:
        raise OperatorError(f"{path} is no Label Studio JSON: {error}") from error
    if not isinstance(found, list):
        raise OperatorError(f"{path} is no Label Studio JSON: it must be a list of tasks")
    given: list[Given] = []
    faults: list[DatasetFault] = []
    for number, task in enumerate(found, 1):
        where = f"task {number}"
        try:
            given += _given(task, where, by, guideline)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            faults.append(DatasetFault(where, f"is malformed: {type(error).__name__} {error}"))
    unknown = [one for one in given for slot in one.slots or () if slot.kind not in taxonomy.slots]
    return given, faults + [
        DatasetFault(one.where, "a slot's kind is not in the taxonomy") for one in unknown
    ]


def _task(row: Row, *, blind: bool, guess: Sequence[str] | None, model: str) -> dict[str, Any]:
    context, message = row.input.context, row.input
    about = {
        "offer": context.offer if context else None,
        "item": context.item if context else None,
        "reply to": message.reply_to.text if message.reply_to else None,
        "author": message.author_role.value,
        "kind": message.kind.value,
    }
    situation = " · ".join(f"{name}: {value}" for name, value in about.items() if value)
    task: dict[str, Any] = {"data": {"row": row.id, _TEXT: message.text, "situation": situation}}
    if not blind:
        task["annotations"] = [
            {
                "completed_by": {"email": held.by + _MAIL},
                "guideline": held.guideline,
                "result": [
                    _choice(held.labels),
                    *(_spans(row) if held.labels == row.expected.labels else ()),
                ],
            }
            for held in row.labels
        ]
    if guess is not None:
        task["predictions"] = [{"model_version": model, "result": [_choice(guess)]}]
    return task


def _choice(labels: Sequence[str]) -> dict[str, Any]:
    return {
        "from_name": _LABELS,
        "to_name": _TEXT,
        "type": "choices",
        "value": {"choices": list(labels)},
    }


def _spans(row: Row) -> list[dict[str, Any]]:
    found = []
    for slot in row.expected.slots:
        start = row.input.text.index(slot.text)
        value = {
            "start": start,
            "end": start + len(slot.text),
            "text": slot.text,
            "labels": [slot.kind],
        }
        found.append({"from_name": _SLOTS, "to_name": _TEXT, "type": "labels", "value": value})
    return found


def _given(task: dict[str, Any], where: str, by: str | None, guideline: int) -> list[Given]:
    data = task["data"]
    row, text = _string(data["row"]), _string(data[_TEXT])
    found = []
    for annotation in task.get("annotations", []):
        if annotation.get("was_cancelled"):
            continue
        results = annotation["result"]
        labels = tuple(
            _string(one)
            for result in results
            if result["from_name"] == _LABELS
            for one in result["value"]["choices"]
        )
        spans = [result["value"] for result in results if result["from_name"] == _SLOTS]
        slots = tuple(
            ExpectedSlot(kind=_string(kind), text=_string(span[_TEXT]))
            for span in spans
            for kind in span["labels"]
        )
        who = by or _annotator(annotation.get("completed_by"))
        found.append(
            Given(where, row, who, labels, text, slots, int(annotation.get("guideline", guideline)))
        )
    return found


def _annotator(completed_by: Any) -> str:
    if isinstance(completed_by, dict):
        return _string(completed_by["email"]).removesuffix(_MAIL).split("@")[0].lower()
    if isinstance(completed_by, int):
        return f"annotator-{completed_by}"
    raise ValueError("says not who labelled it; give --by NAME")


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} must be text")
    return value
