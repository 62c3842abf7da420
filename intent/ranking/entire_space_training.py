"""Teaches the network of :mod:`intent.ranking.entire_space`: passes over all impressions until
later ones say that no more pays.

What was learnt is kept after each pass, so that a training that was killed goes on with the next
one; and each pass draws its order from the seed and its number, so that it ends with the same
network as one that nobody killed.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from intent.ranking.entire_space import (
    EntireSpace,
    EntireSpaceHeads,
    NetworkSize,
    parts,
    squeezed,
)
from intent.ranking.impression_log import ShownRows
from intent.ranking.ranking_rows import RankingRows

Floats = NDArray[np.float64]

CHECKED = 16_384
"""Rows of which the loss is taken at once."""


@dataclass(frozen=True, slots=True)
class NetworkKnobs:
    """Sizes, and how it is learnt.

    Attributes:
        passes: at most; fewer where held-out rows say so, for orders are rare and learnt by heart
            soon.
        patience: passes without gain on held-out rows after which no more are made.
        rows: of one step.
    """

    hidden: int = 64
    width: int = 16
    passes: int = 12
    patience: int = 2
    rows: int = 2048
    rate: float = 2e-3
    decay: float = 1e-4


@dataclass(frozen=True, slots=True)
class NetworkRows:
    """Impressions to learn from, or to stop by.

    Attributes:
        weights: how much each row counts for orders, such as ``Maturity.weights``.
    """

    rows: RankingRows
    shown: ShownRows
    weights: Floats

    def chosen(self, rows: NDArray[np.bool_]) -> NetworkRows:
        """Return some impressions."""
        return NetworkRows(self.rows.chosen(rows), self.shown.chosen(rows), self.weights[rows])


def fit_entire_space(
    learnt: NetworkRows,
    held_out: NetworkRows | None = None,
    *,
    knobs: NetworkKnobs | None = None,
    seed: int = 0,
    kept: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> EntireSpaceHeads:
    """Learn from impressions; the same rows, knobs and seed give the same network on one machine.

    Args:
        held_out: impressions, best of later days, on which the loss says how many passes pay; all
            passes are made without them.
        kept: file in which what was learnt is kept after each pass. One of the same training is
            gone on with, any other is written over.
        say: is told of each pass.
    """
    chosen = knobs or NetworkKnobs()
    with _one_thread():
        training = _Training(learnt, chosen, seed)
        mark = _digest(learnt, chosen, seed)
        if kept is not None and training.resume(kept, mark):
            say(f"going on after pass {training.passed}, which {kept} holds")
        while training.passed < chosen.passes and training.waited < chosen.patience:
            training.make_pass()
            if held_out is not None:
                loss = training.judge(held_out)
                say(f"pass {training.passed}: loss of later impressions {loss:.6f}")
            if kept is not None:
                training.keep(kept, mark)
        return training.best_heads(judged=held_out is not None)


class _Training:
    """A network on its way, with the best one so far."""

    def __init__(self, learnt: NetworkRows, knobs: NetworkKnobs, seed: int) -> None:
        self._learnt, self._knobs, self._seed = learnt, knobs, seed
        mean, spread = _scale(learnt.rows.matrix)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = EntireSpace(
                learnt.rows.matrix.shape[1], NetworkSize(knobs.hidden, knobs.width)
            )
        self._heads = EntireSpaceHeads(network, mean, spread)
        self._adam = torch.optim.AdamW(
            network.parameters(), lr=knobs.rate, weight_decay=knobs.decay
        )
        self.passed, self.waited = 0, 0
        self._lowest = float("inf")
        self._best = _copied(network)

    def make_pass(self) -> None:
        """Pass over the rows, in an order drawn for this pass."""
        order = np.random.default_rng([self._seed, self.passed]).permutation(len(self._learnt.rows))
        self._heads.network.train()
        for part in parts(order, self._knobs.rows):
            loss = self._loss(self._learnt, part)
            self._adam.zero_grad()
            loss.backward()
            self._adam.step()
        self.passed += 1

    def judge(self, held_out: NetworkRows) -> float:
        """Return the mean loss of later rows, and remember the network if it is the lowest yet."""
        self._heads.network.eval()
        total = 0.0
        with torch.no_grad():
            for part in parts(np.arange(len(held_out.rows)), CHECKED):
                total += float(self._loss(held_out, part)) * len(part)
        loss = total / max(len(held_out.rows), 1)
        if loss < self._lowest:
            self._lowest, self.waited = loss, 0
            self._best = _copied(self._heads.network)
        else:
            self.waited += 1
        return loss

    def best_heads(self, *, judged: bool) -> EntireSpaceHeads:
        """Return the network with the lowest loss, or the last one where none was judged."""
        if judged:
            self._heads.network.load_state_dict(self._best)
        return self._heads

    def _loss(self, of: NetworkRows, part: NDArray[np.int64]) -> Any:
        first, further, after = self._heads.network(
            self._heads.batch(of.rows, of.shown.position, part)
        )
        click = torch.sigmoid(first + further)
        clicked = torch.from_numpy(of.shown.clicked[part].astype(np.float32))
        ordered = torch.from_numpy(of.shown.ordered[part].astype(np.float32))
        weights = torch.from_numpy(of.weights[part].astype(np.float32))
        return _surprise(click, clicked) + _surprise(click * torch.sigmoid(after), ordered, weights)

    def keep(self, path: Path, mark: str) -> None:
        """Write all that the next pass needs; a kill leaves the file as it was, or whole."""
        held = {
            "mark": mark,
            "network": self._heads.network.state_dict(),
            "best": self._best,
            "adam": self._adam.state_dict(),
            "passed": self.passed,
            "waited": self.waited,
            "lowest": self._lowest,
        }
        partial = path.with_name(f"{path.name}.partial")
        torch.save(held, partial)
        partial.replace(path)

    def resume(self, path: Path, mark: str) -> bool:
        """Take over what was kept of the same training; return whether there was any."""
        try:
            held = torch.load(path, weights_only=True)
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError):
            return False
        if not isinstance(held, dict) or held.get("mark") != mark:
            return False
        self._heads.network.load_state_dict(held["network"])
        self._adam.load_state_dict(held["adam"])
        self._best = held["best"]
        self.passed, self.waited, self._lowest = held["passed"], held["waited"], held["lowest"]
        return True


def _digest(learnt: NetworkRows, knobs: NetworkKnobs, seed: int) -> str:
    """Return what tells one training from another: its rows, knobs and seed."""
    found = hashlib.sha256(repr((sorted(asdict(knobs).items()), seed)).encode("utf-8"))
    sequences = learnt.rows.sequences
    shown = (learnt.shown.position, learnt.shown.clicked, learnt.shown.ordered)
    held = [learnt.rows.matrix, *shown, learnt.weights]
    if sequences is not None:
        held += [sequences.intents, sequences.steps, sequences.same_item]
    for one in held:
        found.update(np.ascontiguousarray(one).data)
    return found.hexdigest()


def _scale(matrix: Floats) -> tuple[Floats, Floats]:
    values = squeezed(matrix)
    values = np.where(np.isnan(values).all(axis=0), 0.0, values)  # a feature never there
    spread = np.nanstd(values, axis=0)
    return np.nanmean(values, axis=0), np.where(spread > 0, spread, 1.0)


def _copied(network: EntireSpace) -> dict[str, Any]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def _surprise(said: Any, true: Any, weights: Any = None) -> Any:
    return nn.functional.binary_cross_entropy(said.clamp(1e-7, 1 - 1e-7), true, weight=weights)


@contextmanager
def _one_thread() -> Iterator[None]:
    """So small a network spends more on threads that wait than on sums."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
