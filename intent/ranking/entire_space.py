"""A small network for clicks and orders that reads what a viewer asked for before, one after the
other.

Both are learnt over all impressions: the probability of an order is that of a click times that of
an order after it, and the loss of orders is taken of the product, so that nothing is learnt from
clicks alone (X. Ma et al., Entire space multi-task model, 2018). What was asked is looked at with
regard to the row (G. Zhou et al., Deep interest network, 2018). The position moves the click's
log-odds alone, and is the first when ranking.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save
from torch import nn

from intent.model.errors import OperatorError
from intent.ranking.click_order import NETWORK, RankingScores
from intent.ranking.intent_sequences import PADDING, STEPS, IntentSequences
from intent.ranking.ranking_rows import RankingRows
from intent.store.schema import INTENTS

Floats = NDArray[np.float64]

DEEPEST = 20
"""Positions that are told apart; what stands further down counts as the last."""

MEAN, SPREAD = "mean", "spread"
"""Stand beside the network's own arrays: how features are scaled."""

TOGETHER = 16_384
"""Rows that are scored at once."""


@dataclass(frozen=True, slots=True)
class NetworkSize:
    """How wide a network's layers are."""

    hidden: int = 64
    width: int = 16


class EntireSpace(nn.Module):  # type: ignore[misc]
    """The network: takes a batch, returns log-odds of a click as if first, what the position adds,
    and log-odds of an order after a click; each of shape (rows,).
    """

    def __init__(self, features: int, size: NetworkSize) -> None:
        super().__init__()
        self.dense = nn.Sequential(nn.Linear(2 * features, size.hidden), nn.ReLU())
        self.intent = nn.Embedding(len(INTENTS) + 1, size.width, padding_idx=PADDING)
        self.step = nn.Embedding(len(STEPS) + 2, size.width, padding_idx=PADDING)
        self.same = nn.Parameter(torch.zeros(size.width))
        self.query = nn.Linear(size.hidden, size.width)
        self.click, self.order = (
            nn.Sequential(
                nn.Linear(size.hidden + size.width, size.hidden // 2),
                nn.ReLU(),
                nn.Linear(size.hidden // 2, 1),
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


class EntireSpaceHeads:
    """A network, and how its features are scaled; says clicks and orders, not calibrated."""

    def __init__(self, network: EntireSpace, mean: Floats, spread: Floats) -> None:
        self.network, self._mean, self._spread = network, mean, spread

    def said(self, rows: RankingRows, positions: NDArray[np.int64] | None = None) -> RankingScores:
        """Return probabilities as if each row stood first, unless positions are given.

        Raises:
            OperatorError: the rows have another number of features, or no sequences.
        """
        click, order = [], []
        self.network.eval()
        with torch.no_grad():
            for part in parts(np.arange(len(rows)), TOGETHER):
                first, further, after = self.network(self.batch(rows, positions, part))
                click.append(torch.sigmoid(first + further).double().numpy())
                order.append(torch.sigmoid(after).double().numpy())
        return RankingScores(_joined(click), _joined(order))

    def batch(
        self, rows: RankingRows, positions: NDArray[np.int64] | None, part: NDArray[np.int64]
    ) -> dict[str, Any]:
        """Return some rows as the network takes them; at the first position if none is given."""
        sequences = self._checked(rows)
        shown = np.ones(len(part), dtype=np.int64) if positions is None else positions[part]
        return {
            "dense": torch.from_numpy(scaled(rows.matrix[part], self._mean, self._spread)),
            "intents": torch.from_numpy(sequences.intents[part].astype(np.int64)),
            "steps": torch.from_numpy(sequences.steps[part].astype(np.int64)),
            "same": torch.from_numpy(sequences.same_item[part].astype(np.float32)),
            "position": torch.from_numpy(np.clip(shown, 1, DEEPEST) - 1),
        }

    def _checked(self, rows: RankingRows) -> IntentSequences:
        if rows.matrix.shape[1] != len(self._mean):
            raise OperatorError(
                f"the model reads {len(self._mean)} features, and was given "
                f"{rows.matrix.shape[1]}; read the feature set that it was trained with"
            )
        if rows.sequences is None:
            raise OperatorError(
                "the network reads what was asked before, and was given no sequence; read a "
                "feature set that has one, such as ranking_sequence_v1"
            )
        return rows.sequences

    def gains(self) -> dict[str, float]:
        """Return nothing: a network does not say what it goes by."""
        return {}

    def files(self) -> dict[str, bytes]:
        """Return all its arrays in one file."""
        held = {
            name: value.detach().cpu().numpy() for name, value in self.network.state_dict().items()
        }
        return {NETWORK: save({**held, MEAN: self._mean, SPREAD: self._spread})}


def heads_of(tensors: Mapping[str, NDArray[Any]]) -> EntireSpaceHeads:
    """Return the network whose arrays these are.

    Raises:
        OperatorError: they describe none.
    """
    try:
        hidden, width = tensors["query.weight"].shape[::-1]
        network = EntireSpace(len(tensors[MEAN]), NetworkSize(int(hidden), int(width)))
        network.load_state_dict(
            {
                name: torch.from_numpy(np.array(value))
                for name, value in tensors.items()
                if name not in (MEAN, SPREAD)
            }
        )
    except (KeyError, ValueError, RuntimeError) as error:
        raise OperatorError(
            f"these arrays are no network of this program: {str(error).splitlines()[0]}"
        ) from error
    return EntireSpaceHeads(network, np.array(tensors[MEAN]), np.array(tensors[SPREAD]))


def scaled(matrix: Floats, mean: Floats, spread: Floats) -> NDArray[np.float32]:
    """Return features as a network takes them: the missing as 0 with a flag behind, the rest
    squeezed by a logarithm, about 0, about 1 wide.
    """
    there = ~np.isnan(matrix)
    values = np.where(there, (squeezed(matrix) - mean) / spread, 0.0)
    return np.concatenate([values, ~there], axis=1).astype(np.float32)


def squeezed(matrix: Floats) -> Floats:
    """Return the logarithm of one and each number, with its sign."""
    return np.asarray(np.sign(matrix) * np.log1p(np.abs(matrix)))


def parts(rows: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    """Yield rows in their order, so many at once."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _joined(held: list[Floats]) -> Floats:
    return np.concatenate(held) if held else np.zeros(0)
