"""The report's browser of messages: everything that is decided otherwise than before, and
everything that is wrong, to be filtered by slice, label and confused pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eval.measure.slots import judged_slots, slot_words
from eval.run.items import Item, slice_values
from eval.run.predictions import Prediction, slots_of
from eval.verdict.judged import Judged
from intent.model.decision import Slot
from intent.model.taxonomy import Taxonomy


def browsed(judged: Judged, taxonomy: Taxonomy) -> dict[str, Any]:
    """Return what the page's script shows: flips, regressions first, then what was wrong before and
    still is; every one of them.
    """
    comparison = judged.comparison
    run = judged.run if comparison is None else comparison.after
    before = comparison.before if comparison is not None else None
    known = {one.key: one for one in before.predictions} if before is not None else {}
    flips = {(flip.repeat, flip.id): flip for flip in comparison.flips} if comparison else {}
    order = {key: place for place, key in enumerate(flips)}
    found = []
    for cost, one in zip(run.scored.cost.tolist(), run.predictions, strict=True):
        told = [known[one.key], one] if one.key in known else [one]
        flip = flips.get(one.key)
        entry = message(run.items[one.id], told, taxonomy)
        if flip is None and not entry["wrong"]:
            continue
        entry["kind"] = flip.kind if flip else "wrong" if comparison is None else "as before"
        entry["cost"] = -flip.gain if flip else cost if comparison is None else 0
        place = order.get(one.key, len(order))
        found.append(((place, -cost, one.id, one.repeat), entry))
    return {
        "runs": ["before", "now"] if comparison else ["now"],
        "dimensions": list(run.suite.slices),
        "labels": list(taxonomy.names),
        "shown": "flips" if comparison else "errors",
        "messages": [entry for _, entry in sorted(found, key=lambda each: each[0])],
    }


def message(
    item: Item, told: Sequence[Prediction], taxonomy: Taxonomy, *, whole: bool = True
) -> dict[str, Any]:
    """Return a message with what each run said of it; ``wrong`` is whether the last one errs in
    labels or slots. Not ``whole``, calls and the situation are left out.
    """
    row = item.row
    sent, context = row.input, row.input.context
    about = [
        ("offer", context.offer if context else None),
        ("item", context.item if context else None),
        ("reply to", sent.reply_to.text if sent.reply_to else None),
        ("author", sent.author_role.value),
        ("kind", sent.kind.value),
        ("business", row.metadata.business),
        ("room", sent.room_id),
        ("rule", row.metadata.why),
    ]
    true = frozenset(Slot(slot.kind, slot.text) for slot in row.expected.slots)
    said = [_said(item, one, taxonomy, whole=whole) for one in told]
    return {
        "id": row.id,
        "text": sent.text,
        "hard": row.metadata.hard or "",
        "right": list(row.expected.labels),
        "slots": slot_words(true),
        "slices": slice_values(row),
        "about": [list(pair) for pair in about if pair[1]] if whole else [],
        "wrong": said[-1]["wrong"],
        "said": said,
    }


def _said(item: Item, one: Prediction, taxonomy: Taxonomy, *, whole: bool) -> dict[str, Any]:
    judged = judged_slots(item.row, one, taxonomy)
    said: dict[str, Any] = {
        "labels": list(one.labels),
        "lead": one.lead_probability,
        "slots": slot_words(slots_of(one)),
        "faults": judged.story,
        "wrong": one.labels != item.row.expected.labels or judged.mistakes > 0,
    }
    if one.status != "answered":
        said["status"] = f"{one.status}: {one.why}" if one.why else one.status
    if whole:
        ranked = sorted(zip(one.probabilities, taxonomy.names, strict=False), reverse=True)[:3]
        said["stage"] = one.stage
        said["likeliest"] = ", ".join(f"{name} {share:.0%}" for share, name in ranked)
        said["reply"] = one.reply or ""
        said["calls"] = [call.model_dump(mode="json") for call in one.calls]
    return said
