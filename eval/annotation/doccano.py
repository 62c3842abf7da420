"""doccano: tasks to label as JSONL, and what annotators made of them.

Formats: doccano.github.io, *Dataset*: text classification (``label`` holds words), sequence
labelling (``label`` or ``entities`` hold spans), and both at once (``cats`` and ``entities``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.annotation.annotations import Given, SlotKinds, slot_in
from eval.annotation.annotators import Signature
from eval.data.dataset import DatasetFault, Entry, ExpectedSlot
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy
from intent.sources.decoding import read_text


def lines(rows: Sequence[Entry]) -> str:
    """Return rows as JSONL, blind; ``row`` comes back as it is."""
    told = (
        {"text": row.input.text, "row": row.id, "lang": row.metadata.lang, "label": []}
        for row in rows
    )
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in told)


def read_lines(
    path: Path,
    taxonomy: Taxonomy,
    *,
    by: str | None = None,
    guideline: int = 1,
    names: Mapping[str, str] | None = None,
) -> tuple[list[Given], list[DatasetFault]]:
    """Read exported JSONL: what annotators gave, and every line that is set aside, with the reason;
    lines without labels are not done yet and are left out.

    doccano writes one file an annotator, named as they are: where neither ``by`` nor the line says
    who it was, the file's name does. A line without ``row`` is found by its text.

    Raises:
        OperatorError: the file cannot be read.
    """
    try:
        found = read_text(path).split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path} cannot be read as JSONL: {error}") from error
    signature, kinds = Signature(by, guideline, names or {}), frozenset(taxonomy.slots)
    given: list[Given] = []
    aside: list[DatasetFault] = []
    for number, line in enumerate(found, 1):
        where = f"line {number}"
        if not line.strip():
            continue
        try:
            one, left = _given(json.loads(line), where, path.stem, signature, kinds)
            given += one
            aside += left
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"is malformed: {type(error).__name__} {error}"
            aside.append(DatasetFault(where, what))
    return given, aside


def _given(
    line: Mapping[str, Any], where: str, file: str, signature: Signature, kinds: SlotKinds
) -> tuple[list[Given], list[DatasetFault]]:
    known = {**(line.get("meta") or {}), **(line.get("metadata") or {}), **line}
    text = known["text"] if "text" in known else known["data"]
    if not isinstance(text, str):
        raise TypeError(f"{text!r} must be text")
    marks = [
        mark
        for name in ("label", "labels", "cats", "entities")
        for mark in ([known[name]] if isinstance(known.get(name), str) else known.get(name) or ())
    ]
    labels = tuple(dict.fromkeys(mark for mark in marks if isinstance(mark, str)))
    spans = [mark for mark in marks if not isinstance(mark, str)]
    slots: list[ExpectedSlot] = []
    aside: list[DatasetFault] = []
    for start, end, kind in map(_span, spans):
        slot = slot_in(text, kind, None, start, end)
        if slot is None or kind not in kinds:
            aside.append(DatasetFault(where, f"the span {kind!r} is no slot in the text"))
        else:
            slots.append(slot)
    if not labels:
        if spans:
            aside.append(DatasetFault(where, "has spans and no label"))
        return [], aside
    who = signature.name(known.get("annotator"), known.get("username"), file)
    row = str(known.get("row") or "")
    version = signature.version(known.get("guideline"))
    return [Given(where, row, who, labels, text, tuple(slots) or None, version)], aside


def _span(mark: Any) -> tuple[Any, Any, str]:
    if isinstance(mark, Mapping):
        return mark["start_offset"], mark["end_offset"], str(mark["label"])
    start, end, kind = mark
    return start, end, str(kind)
