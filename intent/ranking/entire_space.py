"""A small network for clicks and orders that reads what a viewer asked for before, one after the
other.

Both are learnt over all impressions: the probability of an order is that of a click times that of
an order after it, and the loss of orders is taken of the product, so that nothing is learnt from
clicks alone (X. Ma et al., Entire space multi-task model, 2018). What was asked is looked at with
regard to the row (G. Zhou et al., Deep interest network, 2018). The position moves the click's
log-odds alone, and is the first when ranking.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from intent.ranking.click_order import RankingScores
from intent.ranking.impression_log import ShownRows
from intent.ranking.intent_sequences import PADDING, STEPS, IntentSequences
from intent.store.schema import INTENTS

Floats = NDArray[np.float64]

DEEPEST = 20
"""Positions that are told apart; what stands further down counts as the last."""


@dataclass(frozen=True, slots=True)
class NetworkKnobs:
    """Sizes, and how it is learnt; few passes, for orders are rare and learnt by heart soon."""

    hidden: int = 64
    width: int = 16
    passes: int = 3
    rows: int = 4096
    rate: float = 2e-3
    decay: float = 1e-4


class EntireSpace(nn.Module):  # type: ignore[misc]
    """The network: takes a batch, returns log-odds of a click as if first, what the position adds,
    and log-odds of an order after a click; each of shape (rows,).
    """

    def __init__(self, features: int, knobs: NetworkKnobs) -> None:
        super().__init__()
        self.dense = nn.Sequential(nn.Linear(2 * features, knobs.hidden), nn.ReLU())
        self.intent = nn.Embedding(len(INTENTS) + 1, knobs.width, padding_idx=PADDING)
        self.step = nn.Embedding(len(STEPS) + 2, knobs.width, padding_idx=PADDING)
        self.same = nn.Parameter(torch.zeros(knobs.width))
        self.query = nn.Linear(knobs.hidden, knobs.width)
        self.click, self.order = (
            nn.Sequential(
                nn.Linear(knobs.hidden + knobs.width, knobs.hidden // 2),
                nn.ReLU(),
                nn.Linear(knobs.hidden // 2, 1),
            )
            for _ in range(2)
        )
        self.position = nn.Embedding(DEEPEST, 1)
        nn.init.zeros_(self.position.weight)

    def forward(self, batch: dict[str, Any]) -> tuple[Any, Any, Any]:
        """Return the three log-odds."""
        row = self.dense(batch["dense"])
        said = self.intent(batch["intents"]) + self.step(batch["steps"])
        said = said + batch["same"].unsqueeze(-1) * self.same
        weight = (said * self.query(row).unsqueeze(1)).sum(-1) / said.shape[-1] ** 0.5
        silent = batch["intents"] == PADDING
        weight = weight.masked_fill(silent, -1e9).softmax(-1).masked_fill(silent, 0.0)
        seen = torch.cat([row, (weight.unsqueeze(-1) * said).sum(1)], dim=-1)
        further = self.position(batch["position"]) - self.position.weight[0]
        return self.click(seen)[:, 0], further[:, 0], self.order(seen)[:, 0]


class EntireSpaceModel:
    """A network that was fitted, and how its features are scaled."""

    def __init__(self, network: EntireSpace, mean: Floats, spread: Floats) -> None:
        self._network, self._mean, self._spread = network, mean, spread

    def score(
        self,
        matrix: Floats,
        sequences: IntentSequences,
        positions: NDArray[np.int64] | None = None,
        rows: int = 16_384,
    ) -> RankingScores:
        """Return probabilities as if each row stood first, unless positions are given."""
        click, order = [], []
        self._network.eval()
        with torch.no_grad():
            for part in _parts(np.arange(len(matrix)), rows):
                batch = self._batch(matrix, sequences, positions, part)
                first, further, after = self._network(batch)
                click.append(torch.sigmoid(first + further).double().numpy())
                order.append(torch.sigmoid(after).double().numpy())
        return RankingScores(_joined(click), _joined(order))

    def _batch(
        self,
        matrix: Floats,
        sequences: IntentSequences,
        positions: NDArray[np.int64] | None,
        part: NDArray[np.int64],
    ) -> dict[str, Any]:
        shown = np.ones(len(part), dtype=np.int64) if positions is None else positions[part]
        return {
            "dense": torch.from_numpy(scaled(matrix[part], self._mean, self._spread)),
            "intents": torch.from_numpy(sequences.intents[part]),
            "steps": torch.from_numpy(sequences.steps[part]),
            "same": torch.from_numpy(sequences.same_item[part]),
            "position": torch.from_numpy(np.clip(shown, 1, DEEPEST) - 1),
        }

    def learn(
        self,
        matrix: Floats,
        sequences: IntentSequences,
        shown: ShownRows,
        weights: Floats,
        knobs: NetworkKnobs,
        seed: int,
    ) -> None:
        """Pass over the rows, in an order drawn anew each time."""
        chance = np.random.default_rng(seed)
        adam = torch.optim.AdamW(
            self._network.parameters(), lr=knobs.rate, weight_decay=knobs.decay
        )
        clicked, ordered = shown.clicked.astype(np.float32), shown.ordered.astype(np.float32)
        self._network.train()
        for _ in range(knobs.passes):
            for part in _parts(chance.permutation(len(matrix)), knobs.rows):
                batch = self._batch(matrix, sequences, shown.position, part)
                first, further, after = self._network(batch)
                click = torch.sigmoid(first + further)
                order = click * torch.sigmoid(after)
                loss = _surprise(click, torch.from_numpy(clicked[part])) + _surprise(
                    order,
                    torch.from_numpy(ordered[part]),
                    torch.from_numpy(weights[part].astype(np.float32)),
                )
                adam.zero_grad()
                loss.backward()
                adam.step()


def fit_entire_space(
    matrix: Floats,
    sequences: IntentSequences,
    shown: ShownRows,
    weights: Floats | None = None,
    *,
    knobs: NetworkKnobs | None = None,
    seed: int = 0,
) -> EntireSpaceModel:
    """Learn from impressions; the same rows and seed give the same network on one machine.

    Args:
        weights: how much each row counts for orders, such as ``Maturity.weights``; 1 if None.
    """
    chosen = knobs or NetworkKnobs()
    squeezed = _squeezed(matrix)
    squeezed = np.where(np.isnan(squeezed).all(axis=0), 0.0, squeezed)  # a feature never there
    mean, spread = np.nanmean(squeezed, axis=0), np.nanstd(squeezed, axis=0)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = EntireSpace(matrix.shape[1], chosen)
    model = EntireSpaceModel(network, mean, np.where(spread > 0, spread, 1.0))
    count = np.ones(len(matrix)) if weights is None else weights
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so small a network spends more on threads that wait than on sums
    try:
        model.learn(matrix, sequences, shown, count, chosen, seed)
    finally:
        torch.set_num_threads(threads)
    return model


def scaled(matrix: Floats, mean: Floats, spread: Floats) -> NDArray[np.float32]:
    """Return features as a network takes them: the missing as 0 with a flag behind, the rest
    squeezed by a logarithm, about 0, about 1 wide.
    """
    there = ~np.isnan(matrix)
    values = np.where(there, (_squeezed(matrix) - mean) / spread, 0.0)
    return np.concatenate([values, ~there], axis=1).astype(np.float32)


def _squeezed(matrix: Floats) -> Floats:
    return np.asarray(np.sign(matrix) * np.log1p(np.abs(matrix)))


def _surprise(said: Any, true: Any, weights: Any = None) -> Any:
    return nn.functional.binary_cross_entropy(said.clamp(1e-7, 1 - 1e-7), true, weight=weights)


def _parts(rows: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _joined(parts: list[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.zeros(0)
