"""A run against the truth, as arrays: what every metric is computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scored:
    """One row for each message and repeat.

    Attributes:
        labels: names of the L labels, in the taxonomy's order.
        ids: ids of the n rows.
        rooms: number of each row's room, shape (n,), from 0 without gaps; messages of one room are
            not independent.
        truth, chosen: which labels are right, and which were chosen, shape (n, L); an unparseable
            reply chose none.
        probabilities: calibrated probabilities in [0, 1], shape (n, L).
        lead_truth, lead_chosen, lead_probability: the same for *any lead intent*, shape (n,).
        answered: False where an LLM was asked and its reply could not be used, shape (n,).
        cost: what the decision costs by the taxonomy's costs, in the unit of one false lead, shape
            (n,).
        slots: found, wrongly found and missed slots for each kind, shape (n, kinds, 3); see
            :mod:`eval.measure.slots`.
        slices: for each dimension, the value of each row, shape (n,).
        users: number of each row's author, shape (n,).
        nanodollars, input_tokens, cached_tokens, output_tokens, latency: what the rows cost, shape
        (n,); latency in seconds.
        asks, first_try, invented: how often a message was asked about, whether the first reply
            could be used, and how many slots came back that do not stand in it, shape (n,).
        stages: cache, local or llm, shape (n,).
        local_labels_agree, local_lead_agree: whether the local model would have said the same,
            shape (n,); all False without its opinion.
        asserted, kept: whether something is asserted of the row besides its labels, and whether the
            decision keeps all of it, shape (n,); see :mod:`eval.measure.assertions`.
        judged: how many answers of a judge about the decision are yes, and no, shape (n, 2); all 0
            where its answers do not count.
        has_local: whether the local model's opinion beside another's is known, shape (n,).
    """

    labels: tuple[str, ...]
    slot_kinds: tuple[str, ...]
    ids: tuple[str, ...]
    rooms: Integers
    truth: Booleans
    chosen: Booleans
    probabilities: Floats
    lead_truth: Booleans
    lead_chosen: Booleans
    lead_probability: Floats
    answered: Booleans
    cost: Floats
    slots: Integers
    slices: Mapping[str, NDArray[np.str_]]
    users: Integers
    nanodollars: Floats
    input_tokens: Floats
    cached_tokens: Floats
    output_tokens: Floats
    latency: Floats
    asks: Integers
    first_try: Booleans
    invented: Integers
    stages: NDArray[np.str_]
    asserted: Booleans
    kept: Booleans
    judged: Integers
    has_local: Booleans
    local_labels_agree: Booleans
    local_lead_agree: Booleans

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.ids)

    def only(self, keep: Booleans) -> Scored:
        """Return the rows where ``keep`` is True, with their rooms numbered anew."""
        changed = {name: getattr(self, name)[keep] for name in _ROWWISE}
        changed["rooms"] = renumbered(changed["rooms"])
        slices = {dimension: values[keep] for dimension, values in self.slices.items()}
        ids = tuple(one for one, kept in zip(self.ids, keep, strict=True) if kept)
        return Scored(
            labels=self.labels, slot_kinds=self.slot_kinds, ids=ids, slices=slices, **changed
        )


_ROWWISE = tuple(
    name
    for name in Scored.__dataclass_fields__
    if name not in {"labels", "slot_kinds", "ids", "slices"}
)


def renumbered(rooms: NDArray[np.int64]) -> Integers:
    """Number rooms from 0 without gaps, in the order of their old numbers."""
    return np.unique(rooms, return_inverse=True)[1].astype(np.int64)
