"""Runs by a decider that says the same only on average: the shipped model's decisions, drawn again
with noise that rooms share.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from eval.measure.finished import FinishedRun
from eval.measure.scoring import score
from eval.run.predictions import Prediction
from intent.model.taxonomy import Taxonomy

MOOD, NOISE = 0.4, 0.8
"""Spread of the logits that is common to a room, and that is each message's own."""


def resampled(run: FinishedRun, taxonomy: Taxonomy, seed: int) -> FinishedRun:
    """Decide every message of a run again, by the same rule for every seed."""
    random = np.random.default_rng(seed)
    rooms = run.scored.rooms
    mood = random.normal(0, MOOD, (int(rooms.max()) + 1, len(taxonomy.names)))
    said = tuple(
        _again(one, taxonomy, random, mood[room])
        for one, room in zip(run.predictions, rooms, strict=True)
    )
    return dataclasses.replace(
        run, predictions=said, scored=score(list(run.items.values()), said, taxonomy)
    )


def _again(
    one: Prediction, taxonomy: Taxonomy, random: np.random.Generator, mood: np.ndarray
) -> Prediction:
    noise = mood + random.normal(0, NOISE, len(mood))
    logits = _logit(np.array(one.probabilities)) + noise
    ranked = [taxonomy.names[place] for place in np.argsort(-logits)]
    named = {name for name, logit in zip(taxonomy.names, logits, strict=True) if logit > 0}
    labels = ranked[:1] if ranked[0] in taxonomy.alone else (named or {ranked[0]})
    return one.model_copy(
        update={
            "labels": taxonomy.in_order(set(labels) - (taxonomy.alone - set(ranked[:1]))),
            "probabilities": tuple(_share(logits).tolist()),
            "lead_probability": float(_share(_logit(one.lead_probability) + noise[0])),
            "slots": tuple(slot for slot in one.slots if random.random() > 0.1),
            "output_tokens": int(random.lognormal(3, 0.5)),
            "nanodollars": int(random.lognormal(8, 1.0)),
        }
    )


def _logit(share):
    inside = np.clip(share, 1e-4, 1 - 1e-4)
    return np.log(inside) - np.log1p(-inside)


def _share(logits):
    return 1 / (1 + np.exp(-logits))
