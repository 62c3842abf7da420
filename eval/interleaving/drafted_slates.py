"""Interleaves two rankings of which one is better in a world whose relevance is known, and shows
each to half of the users beside it: how much sooner does interleaving tell?
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import pyarrow.parquet as pq

from eval.interleaving.preferences import Preference, preference
from intent.experiments.team_draft import team_draft
from intent.model.errors import OperatorError
from intent.statistics.rooms import Estimate, Floats, Integers, mean

DECAY = 0.15
"""Fall of attention over positions in a world: rank k is looked at with 1 / (1 + decay (k - 1))."""

SHOWN = 5
"""Rooms of a drafted list."""

NAMES = ("first", "second")


@dataclass(frozen=True, slots=True)
class Interleaved:
    """Both ways to tell two rankings apart, on the same requests.

    Attributes:
        preference: by interleaving.
        clicks: clicks of a request with the second ranking less those with the first, each shown
            to half of the users.
        gain: clicks that the second ranking truly brings over the first, relative.
        times: how many times fewer requests interleaving needs to see it.
    """

    preference: Preference
    clicks: Estimate
    gain: float
    times: float


def interleave_world(folder: Path, noise: tuple[float, float], seed: int) -> Interleaved:
    """Rank the slates of a world by its true relevance with noise, and compare two noises.

    Args:
        noise: spread of the logarithm of what each ranking takes the relevance for.

    Raises:
        OperatorError: the folder is no world: its truth is not there.
    """
    truth = folder / "truth" / "impressions.parquet"
    if not truth.exists():
        raise OperatorError(f"{folder} is no world: python -m eval world --out {folder}")
    shown = pq.read_table(folder / "impressions.parquet", columns=["request_id", "user_id"])
    relevance = pq.read_table(truth, columns=["relevance"])["relevance"].to_numpy()
    requests = np.unique(shown["request_id"].to_pylist(), return_inverse=True)[1]
    users = np.unique(shown["user_id"].to_pylist(), return_inverse=True)[1]
    return compare_ways(relevance, requests, users, noise, seed)


def compare_ways(
    relevance: Floats,
    requests: Integers,
    users: Integers,
    noise: tuple[float, float],
    seed: int,
) -> Interleaved:
    """Compare two rankings on slates, both ways; all arrays have one place for each row."""
    chance = np.random.default_rng(seed)
    dealt = chance.permutation(np.arange(int(users.max()) + 1) % 2)
    looks = 1 / (1 + DECAY * np.arange(SHOWN))
    votes, clicks, arms, whose, truth, preferred = [], [], [], [], np.zeros(2), 0.0
    for rows in _slates(requests):
        chances = relevance[rows]
        rankings = [
            np.argsort(-chances * np.exp(one * chance.standard_normal(len(rows)))) for one in noise
        ]
        for side, ranking in enumerate(rankings):
            truth[side] += float((chances[ranking[:SHOWN]] * looks[: len(rows)]).sum())
        vote, expected = _vote(rankings, chances, looks, chance)
        votes.append(vote)
        preferred += expected
        arm = int(dealt[users[rows[0]]])
        best = chances[rankings[arm][:SHOWN]] * looks[: len(rows)]
        clicks.append(float((chance.random(len(best)) < best).sum()))
        arms.append(arm)
        whose.append(int(users[rows[0]]))
    person = np.array(whose)
    found = preference(np.array(votes), person, NAMES)
    # twice: each ranking has half of the users
    signed = 2 * np.where(np.array(arms) == 1, 1.0, -1.0) * (np.array(clicks) - np.mean(clicks))
    beside = mean(signed, person)
    gain = float(truth[1] / truth[0] - 1)
    # The true effects, over the errors that were found: what was found is mostly chance.
    effects = np.array([preferred, truth[1] - truth[0]]) / len(person)
    seen = effects / np.array([found.second_less_first.error, beside.error])
    times = float((seen[0] / seen[1]) ** 2) if seen[1] else float("nan")
    return Interleaved(found, beside, gain, times)


def _slates(requests: Integers) -> Iterator[Integers]:
    order = np.argsort(requests, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(requests[order])) + 1):
        if len(rows) > 1:
            yield rows


def _vote(
    rankings: list[Integers], chances: Floats, looks: Floats, chance: np.random.Generator
) -> tuple[float, float]:
    """Return clicks of the second ranking less those of the first, as they came and as expected."""
    toss = Random(int(chance.integers(2**32)))  # noqa: S311  a toss, no secret
    drafted = team_draft(rankings[0].tolist(), rankings[1].tolist(), SHOWN, toss)
    sides = np.array([0 if team is None else 2 * team - 1 for team in drafted.teams])
    likely = chances[list(drafted.rooms)] * looks[: len(sides)]
    clicked = chance.random(len(sides)) < likely
    return float((clicked * sides).sum()), float((likely * sides).sum())
