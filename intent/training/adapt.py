"""Fine-tunes an encoder on labelled texts with low-rank adapters (LoRA, Hu et al. 2021), which stay
small enough to ship.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from intent.classify.local.encoder import MAX_TOKENS
from intent.classify.local.export import Pooled, load_encoder
from intent.training.logistic import Linear

Progress = Callable[[str], None]

_SEED = 20260101
_SCALE = 8.0
"""Embeddings have length one; the head sees them this much longer, so that its logits can leave the
neighbourhood of zero.
"""


_LONGEST_STEP = 1.0
"""Gradients are cut to this length (Pascanu et al. 2013)."""


@dataclass(frozen=True, slots=True)
class AdapterRecipe:
    """How an encoder is fine-tuned.

    Attributes:
        layers: how many of its layers are kept, from the first.
        rank: of the change to each weight matrix.
        rate: peak learning rate of the adapters; with 1e-3, twelve layers lose their way.
        head_rate: peak learning rate of the head.
        epochs: passes over the texts.
        batch: texts in one step.
        dropout: share of the embedding that is left out in training.
        balance: exponent of negatives over positives by which each output's positives weigh more; 0
            weighs all alike, 1 evens them out.
    """

    layers: int = 8
    rank: int = 16
    rate: float = 7e-4
    head_rate: float = 3e-3
    epochs: int = 5
    batch: int = 32
    dropout: float = 0.1
    balance: float = 0.0


class _LowRank(torch.nn.Module):  # type: ignore[misc]
    """A frozen linear layer and a trained change of low rank beside it."""

    def __init__(self, layer: torch.nn.Linear, rank: int, random: torch.Generator) -> None:
        super().__init__()
        self.layer = layer
        self.down = torch.nn.Parameter(
            torch.randn(rank, layer.in_features, generator=random) / layer.in_features**0.5
        )
        self.up = torch.nn.Parameter(torch.zeros(layer.out_features, rank))

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        return self.layer(states) + (states @ self.down.T) @ self.up.T


@dataclass(frozen=True, slots=True)
class Adapted:
    """What fine-tuning gave.

    Attributes:
        changes: for each changed matrix of weights ``name.up`` and ``name.down``, in half
            precision.
        head: on the embedding; its outputs are logits.
        others: logits of the texts that were only asked for, shape (others, outputs).
    """

    changes: dict[str, NDArray[np.float16]]
    head: Linear
    others: NDArray[np.float64]


def adapt(
    folder: Path,
    texts: Sequence[str],
    targets: NDArray[np.float64],
    recipe: AdapterRecipe,
    progress: Progress,
    *,
    others: Sequence[str] = (),
) -> Adapted:
    """Fine-tune the encoder in ``folder``; equal arguments give equal bits on one machine.

    Args:
        texts: as the encoder is given them; empty ones are passed over.
        targets: zeros and ones of shape (texts, outputs).
        others: texts whose logits are wanted from the fine-tuned encoder; they are not learnt from.
    """
    torch.manual_seed(_SEED)
    encoder = load_encoder(folder, recipe.layers)
    inserted = _insert(encoder, recipe.rank, torch.Generator().manual_seed(_SEED))
    head = torch.nn.Linear(encoder.config.hidden_size, targets.shape[1])
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    kept = [row for row, text in enumerate(texts) if text]
    tokens = [
        encoding.ids for encoding in tokenizer.encode_batch_fast([texts[row] for row in kept])
    ]
    pooled = Pooled(encoder)
    _optimise(
        pooled, head, tokens, torch.from_numpy(targets[kept]).float(), recipe, inserted, progress
    )
    changes = {}
    for name, module in inserted.items():
        changes[f"{name}.up"] = module.up.detach().numpy().astype(np.float16)
        changes[f"{name}.down"] = module.down.detach().numpy().astype(np.float16)
    linear = Linear(
        head.weight.detach().numpy().T * np.float32(_SCALE), head.bias.detach().numpy().copy()
    )
    asked = [
        encoding.ids if text else []
        for encoding, text in zip(tokenizer.encode_batch_fast(list(others)), others, strict=True)
    ]
    return Adapted(
        changes,
        linear,
        _embed(pooled, asked, encoder.config.hidden_size) @ linear.weights.astype(np.float64)
        + linear.bias,
    )


def _embed(encoder: Pooled, tokens: list[list[int]], dimensions: int) -> NDArray[np.float64]:
    encoder.eval()
    embeddings = np.zeros((len(tokens), dimensions))
    order = sorted((row for row, ids in enumerate(tokens) if ids), key=lambda row: len(tokens[row]))
    with torch.no_grad():
        for start in range(0, len(order), 64):
            rows = order[start : start + 64]
            embeddings[rows] = encoder(*_padded([tokens[row] for row in rows])).numpy()
    return embeddings


def _insert(encoder: Any, rank: int, random: torch.Generator) -> dict[str, _LowRank]:
    encoder.requires_grad_(False)
    encoder.train()
    # The pooler is not on the way to the embedding.
    linear = [
        (name, module)
        for name, module in encoder.named_modules()
        if isinstance(module, torch.nn.Linear)
    ]
    chosen = [(name, module) for name, module in linear if not name.startswith("pooler")]
    inserted = {}
    for name, module in chosen:
        parent, _, leaf = name.rpartition(".")
        low = _LowRank(module, rank, random)
        setattr(encoder.get_submodule(parent), leaf, low)
        inserted[name] = low
    return inserted


def _optimise(
    encoder: Pooled,
    head: torch.nn.Linear,
    tokens: list[list[int]],
    targets: torch.Tensor,
    recipe: AdapterRecipe,
    inserted: dict[str, _LowRank],
    progress: Progress,
) -> None:
    adapters = [parameter for module in inserted.values() for parameter in (module.up, module.down)]
    optimiser = torch.optim.AdamW(
        [{"params": adapters}, {"params": head.parameters()}], weight_decay=0.01
    )
    trained = [*adapters, *head.parameters()]
    steps, step = recipe.epochs * -(-len(tokens) // recipe.batch), 0
    order = np.random.default_rng(_SEED)
    positives = targets.sum(dim=0).clamp(min=1.0)
    weights = ((len(targets) - positives) / positives) ** recipe.balance
    for epoch in range(recipe.epochs):
        total = 0.0
        for rows in _batches(tokens, recipe.batch, order):
            pace = min(1.0, (step + 1) / 50, max(0.02, 1 - step / steps))
            for group, rate in zip(
                optimiser.param_groups, (recipe.rate, recipe.head_rate), strict=True
            ):
                group["lr"] = rate * pace
            ids, mask = _padded([tokens[row] for row in rows])
            # Single precision throughout: bfloat16 takes three quarters of the time, and gives
            # other processors other probabilities.
            logits = head(torch.nn.functional.dropout(encoder(ids, mask), recipe.dropout) * _SCALE)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                logits, targets[rows], pos_weight=weights
            )
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, _LONGEST_STEP)
            optimiser.step()
            total, step = total + loss.item() * len(rows), step + 1
        progress(
            f"fine-tuning, pass {epoch + 1} of {recipe.epochs}: loss {total / len(tokens):.4f}"
        )


def _batches(
    tokens: list[list[int]], size: int, random: np.random.Generator
) -> Iterator[list[int]]:
    """Yield every row once, in batches of similar length and random order."""
    order = random.permutation(len(tokens)).tolist()
    batches = []
    for start in range(0, len(order), size * 16):
        pool = sorted(order[start : start + size * 16], key=lambda row: len(tokens[row]))
        batches += [pool[first : first + size] for first in range(0, len(pool), size)]
    for place in random.permutation(len(batches)):
        yield batches[place]


def _padded(tokens: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(map(len, tokens))
    ids = torch.zeros((len(tokens), longest), dtype=torch.int64)
    mask = torch.zeros_like(ids)
    for row, sequence in enumerate(tokens):
        ids[row, : len(sequence)] = torch.tensor(sequence)
        mask[row, : len(sequence)] = 1
    return ids, mask
