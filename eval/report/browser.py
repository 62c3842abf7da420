"""The report's browser of messages: what flipped, regressions first; or, with nothing to compare
with, what is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

from eval.measure.finished import FinishedRun, wrong_decisions
from eval.run.predictions import Call, Prediction
from eval.verdict.judged import Judged
from intent.model.taxonomy import Taxonomy

MOST = 400
"""Messages that the page holds; ``python -m eval errors`` lists all."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one run said of a message; ``slots`` is what is wrong with them."""

    labels: str
    lead: float | None
    status: str
    stage: str
    why: str
    reply: str
    likeliest: str
    slots: str
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class BrowsedMessage:
    """A message in the browser.

    Attributes:
        kind: worse, better, other or wrong.
        cost: what it costs now, less what it cost before; in the unit of one false lead.
        about: situation, as label and value.
    """

    id: str
    kind: str
    cost: float
    text: str
    lang: str
    hard: str
    why: str
    right: str
    now: Said
    before: Said | None
    about: tuple[tuple[str, str], ...]
    search: str


def entries(judged: Judged, taxonomy: Taxonomy) -> list[BrowsedMessage]:
    """Return the messages to browse, the most harmful first."""
    if judged.comparison is None:
        return _wrong(judged.run, taxonomy)
    comparison = judged.comparison
    old = {one.key: one for one in comparison.before.predictions}
    new = {one.key: one for one in comparison.after.predictions}
    found = []
    for flip in comparison.flips[:MOST]:
        key = (flip.repeat, flip.id)
        slots = (flip.slots_before, flip.slots_after)
        found.append(_entry(comparison.after, new[key], flip.kind, -flip.gain, old[key], slots))
    return found


def _wrong(run: FinishedRun, taxonomy: Taxonomy) -> list[BrowsedMessage]:
    wrong = wrong_decisions(run, taxonomy)
    return [
        _entry(run, one, "wrong", cost, None, ("", slots.story))
        for cost, one, slots in wrong[:MOST]
    ]


def _entry(
    run: FinishedRun,
    now: Prediction,
    kind: str,
    cost: float,
    before: Prediction | None,
    slots: tuple[str, str],
) -> BrowsedMessage:
    row = run.items[now.id].row
    message, context = row.input, row.input.context
    about = [
        ("offer", context.offer if context else None),
        ("item", context.item if context else None),
        ("reply to", message.reply_to.text if message.reply_to else None),
        ("room", message.room_id),
        ("kind", message.kind.value),
        ("author", message.author_role.value),
        ("business", row.metadata.business),
    ]
    labels = run.scored.labels
    right = ", ".join(row.expected.labels)
    said = _said(now, labels, slots[1])
    return BrowsedMessage(
        id=now.id,
        kind=kind,
        cost=cost,
        text=message.text,
        lang=row.metadata.lang,
        hard=row.metadata.hard or "",
        why=row.metadata.why or "",
        right=right,
        now=said,
        before=_said(before, labels, slots[0]) if before is not None else None,
        about=tuple((name, value) for name, value in about if value),
        search=f"{now.id} {message.text} {right} {said.labels} {row.metadata.lang} "
        f"{row.metadata.hard or ''}".lower(),
    )


def _said(one: Prediction, labels: tuple[str, ...], slots: str) -> Said:
    ranked = sorted(zip(one.probabilities, labels, strict=False), reverse=True)[:3]
    return Said(
        labels=", ".join(one.labels) or "unusable",
        lead=one.lead_probability,
        status=one.status,
        stage=one.stage,
        why=one.why,
        reply=one.reply or "",
        likeliest=", ".join(f"{name} {value:.0%}" for value, name in ranked),
        slots=slots,
        calls=one.calls,
    )
