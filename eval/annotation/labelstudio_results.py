"""Reads what annotators made of one Label Studio task; a result that is no use is named and set
aside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from eval.annotation.annotations import Given, SlotKinds, slot_in
from eval.annotation.annotators import Signature
from eval.data.dataset import DatasetFault, ExpectedSlot

LABELS, SLOTS, TEXT = "labels", "slots", "text"
"""Names of the labelling configuration."""

Aside = Callable[[str], None]


def given_in(
    task: Any, where: str, signature: Signature, kinds: SlotKinds
) -> tuple[list[Given], list[DatasetFault]]:
    """Return what annotators gave in a task, and what is set aside of it.

    Args:
        task: as Label Studio exports it: JSON (with ``annotations``) or JSON_MIN (one flat object
            for each annotation).
        kinds: slot kinds of the taxonomy.
    """
    aside: list[DatasetFault] = []
    given: list[Given] = []
    place = where

    def left(what: str) -> None:
        aside.append(DatasetFault(place, what))

    try:
        is_whole = "data" in task
        data = task["data"] if is_whole else task
        row, text = _string(data["row"]), _string(data[TEXT])
        place = f"{where} (row {row})"
        annotations = _annotations(task) if is_whole else [_flat(task)]
        if not annotations:
            left("nobody has labelled it; what a model predicted is not taken")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        left(f"is malformed: {type(error).__name__} {error}")
        return given, aside
    for annotation in annotations:
        try:
            if annotation.get("was_cancelled") or annotation.get("skipped"):
                left("was skipped by its annotator")
                continue
            labels, slots = _results(annotation["result"], text, kinds, left)
            if not labels:
                left("has no label")
                continue
            who = _annotator(annotation.get("completed_by"), signature)
            version = signature.version(annotation.get("guideline"))
            given.append(Given(where, row, who, labels, text, slots, version))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            left(f"is malformed: {type(error).__name__} {error}")
    return given, aside


def _annotations(task: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    # Label Studio before 1.0 called them completions.
    return list(task.get("annotations") or task.get("completions") or ())


def _flat(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return the annotation of a JSON_MIN object as JSON would have it."""
    chosen, spans = task.get(LABELS), task.get(SLOTS) or []
    choices = chosen.get("choices") if isinstance(chosen, Mapping) else chosen
    result = [{"from_name": LABELS, "type": "choices", "value": {"choices": choices or []}}]
    result += [{"from_name": SLOTS, "type": "labels", "value": span} for span in spans]
    return {
        "completed_by": task.get("annotator"),
        "guideline": task.get("guideline"),
        "result": result,
    }


def _results(
    results: list[dict[str, Any]], text: str, kinds: SlotKinds, left: Aside
) -> tuple[tuple[str, ...], tuple[ExpectedSlot, ...]]:
    labels: list[str] = []
    slots: list[ExpectedSlot] = []
    for result in results:
        name = result.get("from_name")
        if name == LABELS:
            labels += _strings(result["value"]["choices"])
        elif name == SLOTS:
            slots += _slots(result["value"], text, kinds, left)
        else:
            left(f"a {result.get('type') or 'result without a type'} is not taken")
    return tuple(dict.fromkeys(labels)), tuple(dict.fromkeys(slots))


def _slots(span: Any, text: str, kinds: SlotKinds, left: Aside) -> list[ExpectedSlot]:
    named = _strings(span.get(LABELS) or ())
    if not named:
        left(f"the span {span.get(TEXT)!r} has lost its label")
    found = []
    for kind in named:
        slot = slot_in(text, kind, span.get(TEXT), span.get("start"), span.get("end"))
        if kind not in kinds:
            left(f"the slot kind {kind!r} is not in the taxonomy")
        elif slot is None:
            left(f"the slot {kind} {span.get(TEXT)!r} is no part of the text")
        else:
            found.append(slot)
    return found


def _annotator(completed_by: Any, signature: Signature) -> str:
    if isinstance(completed_by, Mapping):
        return signature.name(*(completed_by.get(key) for key in ("email", "username", "id")))
    return signature.name(completed_by)


def _strings(value: Any) -> list[str]:
    # With one choice alone, Label Studio writes the word itself.
    return [_string(one) for one in ([value] if isinstance(value, str) else value)]


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} must be text")
    return value
