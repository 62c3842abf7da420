"""Puts predictions beside the truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eval.measure.assertions import assertions
from eval.measure.judge_findings import JudgeFindings
from eval.measure.scored import Booleans, Floats, Integers, Scored
from eval.measure.slots import judged_slots
from eval.run.items import Item, slice_values
from eval.run.predictions import Prediction
from eval.run.suite import DIMENSIONS
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy


def score(
    items: Sequence[Item],
    predictions: Sequence[Prediction],
    taxonomy: Taxonomy,
    judge: JudgeFindings | None = None,
) -> Scored:
    """Return one scored row for each prediction; items without one are left out.

    Raises:
        OperatorError: a prediction is of a message that is not among the items, or of labels that
            the taxonomy does not have.
    """
    by_id = {item.row.id: item for item in items}
    unknown = [one.id for one in predictions if one.id not in by_id]
    if unknown:
        raise OperatorError(
            f"{len(unknown)} predictions are of messages that the dataset does not have, such as "
            f"{unknown[0]}; make the run again"
        )
    rows = [by_id[one.id] for one in predictions]
    truth = label_table([item.row.expected.labels for item in rows], taxonomy)
    chosen = label_table([one.labels for one in predictions], taxonomy)
    leads = np.array([name in taxonomy.leads for name in taxonomy.names])
    answered = np.array([one.status == "answered" for one in predictions], dtype=bool)
    probabilities, lead_probability = _probabilities(predictions, truth, leads)
    values = [slice_values(item.row) for item in rows]
    asserted = assertions([item.row for item in rows], predictions, taxonomy)
    locals_known = np.array([one.local is not None for one in predictions], dtype=bool)
    local = label_table([one.local.labels if one.local else () for one in predictions], taxonomy)
    return Scored(
        labels=taxonomy.names,
        slot_kinds=taxonomy.slots,
        ids=tuple(one.id for one in predictions),
        rooms=_numbers([item.room for item in rows]),
        truth=truth,
        chosen=chosen,
        probabilities=probabilities,
        lead_truth=_any(truth[:, leads]),
        lead_chosen=_any(chosen[:, leads]),
        lead_probability=lead_probability,
        answered=answered,
        cost=mistake_cost(truth, chosen, taxonomy),
        slots=_slot_counts(rows, predictions, taxonomy),
        slices={
            dimension: np.array([value[dimension] for value in values], dtype=np.str_)
            for dimension in DIMENSIONS
        },
        users=_numbers([(item.row.input.platform, item.row.input.user_id) for item in rows]),
        nanodollars=_floats([one.nanodollars for one in predictions]),
        input_tokens=_floats([one.input_tokens for one in predictions]),
        cached_tokens=_floats([one.cached_tokens for one in predictions]),
        output_tokens=_floats([one.output_tokens for one in predictions]),
        latency=_floats([one.latency for one in predictions]),
        asks=np.array([len(one.calls) for one in predictions], dtype=np.int64),
        first_try=np.array(
            [bool(one.calls) and one.calls[0].outcome == "answered" for one in predictions],
            dtype=bool,
        ),
        invented=np.array(
            [sum(call.invented for call in one.calls) for one in predictions], dtype=np.int64
        ),
        stages=np.array([one.stage for one in predictions], dtype=np.str_),
        asserted=np.array([found is not None for found in asserted], dtype=bool),
        kept=np.array([found == () for found in asserted], dtype=bool),
        judged=np.array(
            [(0, 0) if judge is None else judge.of(one) for one in predictions], dtype=np.int64
        ).reshape(len(predictions), 2),
        has_local=locals_known,
        local_labels_agree=locals_known & (local == chosen).all(axis=1),
        local_lead_agree=locals_known
        & (local[:, leads].any(axis=1) == chosen[:, leads].any(axis=1)),
    )


def mistake_cost(truth: Booleans, chosen: Booleans, taxonomy: Taxonomy) -> Floats:
    """Return what each decision costs by the taxonomy's costs, shape (rows,).

    A missed lead costs that alone; a false lead likewise; a lead that was seen costs something if
    its lead intents are not exactly right; among non-leads any difference of labels is one mistake.
    Nothing chosen (an unusable reply) is a missed lead, or a mistake among the others.
    """
    leads = np.array([name in taxonomy.leads for name in taxonomy.names])
    is_lead, said_lead = truth[:, leads].any(axis=1), chosen[:, leads].any(axis=1)
    wrong_intent = (truth[:, leads] != chosen[:, leads]).any(axis=1)
    wrong_other = (truth[:, ~leads] != chosen[:, ~leads]).any(axis=1)
    costs = taxonomy.costs
    paid = [costs.missed_lead, costs.false_lead, costs.wrong_lead_intent, costs.wrong_other_label]
    return np.select(
        [
            is_lead & ~said_lead,
            ~is_lead & said_lead,
            is_lead & wrong_intent,
            ~is_lead & wrong_other,
        ],
        paid,
        0.0,
    )


def label_table(labels: Sequence[Sequence[str]], taxonomy: Taxonomy) -> Booleans:
    """Return which labels were given, shape (rows, labels).

    Raises:
        OperatorError: one is not in the taxonomy.
    """
    columns = {name: column for column, name in enumerate(taxonomy.names)}
    chosen = np.zeros((len(labels), len(columns)), dtype=bool)
    for row, names in enumerate(labels):
        for name in names:
            if name not in columns:
                raise OperatorError(
                    f"a prediction names the label {name!r}, which the taxonomy {taxonomy.name} "
                    "does not have; make the run again"
                )
            chosen[row, columns[name]] = True
    return chosen


def _probabilities(
    predictions: Sequence[Prediction], truth: Booleans, leads: Booleans
) -> tuple[Floats, Floats]:
    """Return probabilities of labels and of lead; where a reply gave none, the base rates: whoever
    says nothing knows no more.
    """
    base, lead_base = truth.mean(axis=0), float(truth[:, leads].any(axis=1).mean())
    probabilities = np.tile(base, (len(predictions), 1))
    lead = np.full(len(predictions), lead_base)
    for row, one in enumerate(predictions):
        if one.probabilities:
            probabilities[row] = one.probabilities
        if one.lead_probability is not None:
            lead[row] = one.lead_probability
    return probabilities, lead


def _slot_counts(
    items: Sequence[Item], predictions: Sequence[Prediction], taxonomy: Taxonomy
) -> Integers:
    kinds = {kind: place for place, kind in enumerate(taxonomy.slots)}
    counts = np.zeros((len(items), len(kinds), 3), dtype=np.int64)
    for row, (item, one) in enumerate(zip(items, predictions, strict=True)):
        judged = judged_slots(item.row, one, taxonomy)
        for cell, slots in enumerate((judged.right, judged.wrong, judged.missed)):
            for slot in slots:
                if slot.kind in kinds:
                    counts[row, kinds[slot.kind], cell] += 1
    return counts


def _any(columns: Booleans) -> Booleans:
    return np.asarray(columns.any(axis=1))


def _numbers(values: Sequence[tuple[str, str]]) -> Integers:
    numbers: dict[tuple[str, str], int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int64)


def _floats(values: Sequence[float]) -> NDArray[np.float64]:
    return np.array(values, dtype=np.float64)
