"""Holds decisions to what is asserted of single rows: ``must`` and ``must_not``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from eval.data.dataset import Must, MustNot, Row
from eval.run.predictions import Prediction
from intent.model.taxonomy import Taxonomy

_Others = Mapping[tuple[int, str], Prediction]


def assertions(
    rows: Sequence[Row], predictions: Sequence[Prediction], taxonomy: Taxonomy
) -> list[tuple[str, ...] | None]:
    """Return for each decision which assertions it breaks, a few words each, or None where nothing
    is asserted of its row, or what it must be the same as is not known.
    """
    others = {one.key: one for one in predictions if one.labels}
    return [
        tuple(_broken(row, one, others, taxonomy)) if _is_asserted(row, one, others) else None
        for row, one in zip(rows, predictions, strict=True)
    ]


def _is_asserted(row: Row, one: Prediction, others: _Others) -> bool:
    twin = row.must.same_as
    if twin is not None and (one.repeat, twin) in others:
        return True
    return row.must.model_copy(update={"same_as": None}) != Must() or row.must_not != MustNot()


def _broken(row: Row, one: Prediction, others: _Others, taxonomy: Taxonomy) -> Iterator[str]:
    must, must_not = row.must, row.must_not
    labels = set(one.labels)
    is_lead = bool(taxonomy.leads & labels)
    for name in must.labels:
        if name not in labels:
            yield f"must be {name}"
    for name in must_not.labels:
        if name in labels:
            yield f"must not be {name}"
    if must.lead not in {None, is_lead} or must_not.lead is is_lead:
        yield "must not be a lead" if is_lead else "must be a lead"
    yield from _broken_slots(row, {text for _, text in one.slots})
    twin = others.get((one.repeat, must.same_as)) if must.same_as else None
    if twin is not None and twin.labels != one.labels:
        yield f"must be as {twin.id}, which is {', '.join(twin.labels)}"


def _broken_slots(row: Row, found: set[str]) -> Iterator[str]:
    for text in row.must.slots:
        if text not in found:
            yield f"must have the slot {text!r}"
    for text in row.must_not.slots:
        if text in found:
            yield f"must not have the slot {text!r}"
