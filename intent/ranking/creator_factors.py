"""Learns from who watched whom what else they would watch: one vector a viewer, one a creator.

Rooms end after hours, so nothing is learned of them: collaborative filtering is over creators, and
a room is who holds it. Source: Y. Hu, Y. Koren and C. Volinsky, Collaborative filtering for
implicit feedback datasets, 2008, as the package implicit has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from intent.model.errors import OperatorError

Floats = NDArray[np.float64]

FACTORS, ROUNDS, PULL = 16, 15, 5.0
SURE = 1.0
"""How much more one watched room says than one that was not."""


@dataclass(frozen=True)
class CreatorFactors:
    """Vectors of viewers and creators who were seen; others are cold.

    Attributes:
        users, creators: the number of each by id.
        of_users, of_creators: one row each.
        fame: share of all clicks that a creator got.
    """

    users: dict[str, int]
    creators: dict[str, int]
    of_users: Floats
    of_creators: Floats
    fame: Floats

    def user(self, user_id: str) -> Floats | None:
        """Return the vector of a viewer; None for a cold one."""
        place = self.users.get(user_id)
        return None if place is None else self.of_users[place]

    def places(self, creator_ids: Sequence[str]) -> NDArray[np.int64]:
        """Return the number of each creator; -1 for a cold one."""
        return np.array([self.creators.get(one, -1) for one in creator_ids], dtype=np.int64)


def fit_factors(
    user_ids: Sequence[str], creator_ids: Sequence[str], *, seed: int = 0, factors: int = FACTORS
) -> CreatorFactors:
    """Learn from clicks, one viewer and one creator each.

    Raises:
        OperatorError: there are none.
    """
    if not len(user_ids):
        raise OperatorError(
            "there are no clicks, so nothing says who watches what; take a longer history"
        )
    users, user = np.unique(np.asarray(user_ids, dtype=object), return_inverse=True)
    creators, creator = np.unique(np.asarray(creator_ids, dtype=object), return_inverse=True)
    shape = (len(users), len(creators))
    counts = scipy.sparse.coo_matrix((np.ones(len(user)), (user, creator)), shape).tocsr()
    fame = np.asarray(counts.sum(axis=0)).ravel() / len(user)
    # What was watched ten times is not ten times as dear.
    counts.data = SURE * np.log1p(counts.data)
    with threadpool_limits(1, "blas"):  # its own threads and those of BLAS get in each other's way
        model = AlternatingLeastSquares(
            factors=min(factors, *shape),
            regularization=PULL,
            iterations=ROUNDS,
            num_threads=1,
            random_state=seed,
            dtype=np.float64,
        )
        model.fit(counts.astype(np.float64), show_progress=False)
    return CreatorFactors(
        {name: place for place, name in enumerate(users.tolist())},
        {name: place for place, name in enumerate(creators.tolist())},
        np.asarray(model.user_factors),
        np.asarray(model.item_factors),
        fame,
    )
