"""Fits a linear-chain conditional random field (Lafferty et al. 2001) over sparse features with
AdaGrad (Duchi et al. 2011) and features left out at random; in numpy, one thread, fixed seeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

Floats = NDArray[np.float32]

BATCH = 48
"""Sequences of one step."""

_SORTED = 16
"""Batches that are drawn together and sorted by length, so that a batch holds similar ones."""

_START = 1e-2
"""Sum of squared gradients that AdaGrad begins with."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a field is fitted.

    Attributes:
        passes: over all sequences; the weights are the mean of those after each pass of the second
            half.
        rate: AdaGrad's step.
        left_out: share of a token's features that is left out at random.
        unknown: share of bundles of features that is left out, each as a whole.
        decay: of weights, for each sequence of a step.
        seed: of the order and of what is left out.
    """

    passes: int = 6
    rate: float = 0.2
    left_out: float = 0.1
    unknown: float = 0.5
    decay: float = 1e-3
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Sequences:
    """Tokens of all sequences, one after the other.

    Attributes:
        features: zeros and ones, shape (tokens, features).
        tags: the right ones, shape (tokens,).
        starts: where each sequence begins, and the number of tokens; shape (sequences + 1,).
        count: number of different tags.
        bundles: of each feature the number of the bundle that it belongs to, or -1; what a word is
            by itself goes or stays together, so that the field learns to do without words that it
            has seen.
    """

    features: scipy.sparse.csr_matrix
    tags: NDArray[np.intp]
    starts: NDArray[np.intp]
    count: int
    bundles: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Field:
    """Scores: of tags by feature (features, tags), of tags behind tags (tags, tags), and of tags at
    the beginning (tags,).
    """

    weights: Floats
    steps: Floats
    first: Floats


def fit_field(given: Sequences, recipe: Recipe) -> Field:
    """Fit a field; the result depends on nothing but the arguments."""
    work = _Fitting(given, recipe)
    for number in range(recipe.passes):
        for rows in work.batches():
            work.step(rows)
        if number >= recipe.passes // 2:
            work.remember()
    return work.mean()


class _Fitting:
    """A field on its way: weights, AdaGrad's sums, and the sums of remembered weights."""

    def __init__(self, given: Sequences, recipe: Recipe) -> None:
        self._given, self._recipe = given, recipe
        self._random = np.random.default_rng(recipe.seed)
        shape, tags = (given.features.shape[1], given.count), given.count
        self._weights, self._seen = np.zeros(shape, np.float32), np.full(shape, _START, np.float32)
        # The last line holds the scores at the beginning.
        self._steps = np.zeros((tags + 1, tags), np.float32)
        self._steps_seen = np.full((tags + 1, tags), _START, np.float32)
        self._sums = [np.zeros_like(self._weights), np.zeros_like(self._steps)]
        self._remembered = 0

    def batches(self) -> Iterator[NDArray[np.intp]]:
        """Yield the numbers of sequences of each batch, the longest of a batch first."""
        lengths = np.diff(self._given.starts)
        order = self._random.permutation(len(lengths))
        for start in range(0, len(order), BATCH * _SORTED):
            drawn = order[start : start + BATCH * _SORTED]
            drawn = drawn[np.argsort(-lengths[drawn], kind="stable")]
            parts = [drawn[at : at + BATCH] for at in range(0, len(drawn), BATCH)]
            for number in self._random.permutation(len(parts)):
                yield parts[number]

    def step(self, rows: NDArray[np.intp]) -> None:
        """Take one step on a batch."""
        starts, recipe = self._given.starts, self._recipe
        tokens = np.concatenate([np.arange(starts[row], starts[row + 1]) for row in rows])
        matrix = self._given.features[tokens]
        matrix.data = self._kept(matrix)
        used, places = np.unique(matrix.indices, return_inverse=True)
        parts = (matrix.data, places.astype(np.int32), matrix.indptr)
        small = scipy.sparse.csr_matrix(parts, shape=(len(tokens), len(used)))
        before = self._weights[used]
        lengths = starts[rows + 1] - starts[rows]
        tags = self._given.tags[tokens]
        slopes, slopes_of_steps = gradients(small @ before, self._steps, tags, lengths)
        change = small.T @ slopes + recipe.decay * len(rows) * before
        seen = self._seen[used] + change**2
        self._seen[used] = seen
        self._weights[used] = before - recipe.rate * change / np.sqrt(seen)
        self._steps_seen += slopes_of_steps**2
        self._steps -= recipe.rate * slopes_of_steps / np.sqrt(self._steps_seen)

    def _kept(self, matrix: scipy.sparse.csr_matrix) -> Floats:
        """Return the values of a batch's features: nought for those that are left out, as much more
        for the others.
        """
        recipe, bundles = self._recipe, self._given.bundles
        kept = self._random.random(matrix.nnz) >= recipe.left_out
        known = self._random.random((matrix.shape[0], bundles.max() + 2)) >= recipe.unknown
        # The last column is of the features that belong to no bundle.
        known[:, -1] = True
        tokens = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        kept &= known[tokens, bundles[matrix.indices]]
        share = np.where(bundles[matrix.indices] < 0, 1.0, 1.0 - recipe.unknown)
        return np.asarray(kept / (1.0 - recipe.left_out) / share, dtype=np.float32)

    def remember(self) -> None:
        """Add the weights as they are now to what the mean is taken of."""
        self._sums[0] += self._weights
        self._sums[1] += self._steps
        self._remembered += 1

    def mean(self) -> Field:
        """Return the mean of what was remembered."""
        weights, steps = ((total / self._remembered).astype(np.float32) for total in self._sums)
        return Field(weights, steps[:-1], steps[-1])


def gradients(
    scores: Floats, steps: Floats, tags: NDArray[np.intp], lengths: NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """Return the slopes of the negative log-likelihood of a batch, by forward and backward sums.

    Args:
        scores: of tags, shape (tokens, tags); sequences stand one after the other, the longest
            first.
        steps: scores of tags behind tags, and a last line for the beginning.
        tags: the right ones, shape (tokens,).
        lengths: of the sequences, descending, each above nought.

    Returns:
        Slopes of ``scores`` and of ``steps``, in their shapes.
    """
    begin = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    at = [begin[lengths > place] + place for place in range(lengths[0])]
    high = scores.astype(np.float64)
    chance = np.exp(high - high.max(axis=1, keepdims=True))
    moves = np.exp(steps[:-1].astype(np.float64))
    forward, scale = _forward(chance, moves, np.exp(steps[-1].astype(np.float64)), at)
    backward = np.ones_like(chance)
    along = np.zeros_like(moves)
    for rows in at[:0:-1]:
        here = backward[rows] * chance[rows] / scale[rows, None]
        backward[rows - 1] = here @ moves.T
        along += forward[rows - 1].T @ here
    slopes = forward * backward
    first = slopes[begin].sum(axis=0) - np.bincount(tags[begin], minlength=scores.shape[1])
    along *= moves
    inner = np.setdiff1d(np.arange(len(tags)), begin)
    np.add.at(along, (tags[inner - 1], tags[inner]), -1.0)
    slopes[np.arange(len(tags)), tags] -= 1.0
    return slopes.astype(np.float32), np.vstack([along, first]).astype(np.float32)


def _forward(
    chance: NDArray[np.float64],
    moves: NDArray[np.float64],
    first: NDArray[np.float64],
    at: Sequence[NDArray[np.intp]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return forward sums, each scaled to one, and what they were scaled by."""
    forward, scale = np.empty_like(chance), np.empty(len(chance))
    for place, rows in enumerate(at):
        came = forward[rows - 1] @ moves if place else first
        total = came * chance[rows]
        scale[rows] = total.sum(axis=1)
        forward[rows] = total / scale[rows, None]
    return forward, scale
