"""Says what another policy would have brought, from what one showed with known probabilities.

Sources: D. G. Horvitz and D. J. Thompson, 1952 (IPS); A. Swaminathan and T. Joachims, The
self-normalized estimator for counterfactual learning, 2015 (SNIPS); M. Dudík, D. Erhan, J. Langford
and L. Li, Doubly robust policy evaluation and optimization, 2014 (DR). Intervals leave one user (or
room) out at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from intent.statistics.rooms import Estimate, Floats, Integers, mean

CLIPPED = 100.0
"""A weight is at most this: one impression should never stand for more than a hundred."""


@dataclass(frozen=True, slots=True)
class LoggedShows:
    """Impressions with what they brought.

    Attributes:
        rewards: such as 1 for a click.
        logged: probability with which the logging policy showed it there, above 0.
        wanted: probability with which the other policy would show it there.
        units: number of the user (or room) whose impressions belong together.
    """

    rewards: Floats
    logged: Floats
    wanted: Floats
    units: Integers

    def weights(self, most: float = CLIPPED) -> Floats:
        """Return how many impressions of the other policy each stands for."""
        return np.asarray(np.minimum(self.wanted / self.logged, most))


@dataclass(frozen=True, slots=True)
class ModelledRewards:
    """What a model expects.

    Attributes:
        shown: reward of what was shown, one for each impression.
        wanted: reward of an impression under the other policy, averaged over what it might show.
    """

    shown: Floats
    wanted: Floats


def inverse_propensity(log: LoggedShows) -> Estimate:
    """Return the reward an impression by weighted rewards (IPS)."""
    return mean(log.weights() * log.rewards, log.units)


def self_normalised(log: LoggedShows) -> Estimate:
    """Return the reward an impression by weighted rewards over the sum of weights (SNIPS)."""
    return mean(log.rewards, log.units, weights=log.weights())


def doubly_robust(log: LoggedShows, model: ModelledRewards) -> Estimate:
    """Return the reward an impression by a model, mended by weighted errors of it (DR)."""
    return mean(model.wanted + log.weights() * (log.rewards - model.shown), log.units)


def effective_impressions(log: LoggedShows) -> float:
    """Return how many impressions of equal weight these are worth (Kish)."""
    weights = log.weights()
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0
