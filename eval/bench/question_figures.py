"""The figures of the question types for the local model's card: how many are right, by split and by
type, with intervals over rooms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from intent.classify.local.classifier import LocalClassifier
from intent.model.question_types import NONE, QuestionTypes
from intent.statistics.rooms import Estimate, mean
from intent.training.questions import AskedExample, read_asked

SPLITS = ("dev", "test", "test_register")


@dataclass(frozen=True, slots=True)
class AskedPair:
    """What a message asks and what the model said it asks, both ``none`` where nothing is."""

    right: str
    said: str
    room: str


def pairs_of(model: LocalClassifier, asked: Sequence[AskedExample]) -> list[AskedPair]:
    """Decide the messages, labels and types, as the worker would."""
    decisions = model.classify([one.example.message for one in asked])
    return [
        AskedPair(one.question, decision.question_type or NONE, one.example.group)
        for one, decision in zip(asked, decisions, strict=True)
    ]


def share_right(pairs: Sequence[AskedPair]) -> Estimate:
    """Return the share of messages whose type is right, with an interval over rooms."""
    numbers = {room: number for number, room in enumerate(sorted({one.room for one in pairs}))}
    hits = np.array([[float(one.right == one.said), 1.0] for one in pairs])
    return mean(hits[:, 0], np.array([numbers[one.room] for one in pairs]))


def type_f1(pairs: Sequence[AskedPair], name: str) -> float:
    """Return the F1 of one type, in [0, 1]; 0 where it is neither right nor said anywhere."""
    both = sum(one.right == one.said == name for one in pairs)
    either = sum((one.right == name) + (one.said == name) for one in pairs)
    return 2 * both / max(either, 1)


def question_lines(
    model: LocalClassifier, types: QuestionTypes, table: Path, data: Path
) -> list[str]:
    """Return the section of the card: a table of splits, and one of types."""
    judged = {
        split: pairs_of(model, read_asked(types, table, data / f"{split}.jsonl"))
        for split in SPLITS
    }
    lines = [
        "| split | messages | type right, 95 % over rooms | macro-F1 over types |",
        "|---|---:|---:|---:|",
    ]
    for split, pairs in judged.items():
        found = share_right(pairs)
        macro = np.mean([type_f1(pairs, name) for name in {one.right for one in pairs}])
        lines.append(
            f"| `{split}` | {len(pairs)} | {found.value:.3f} ({found.low:.3f} to {found.high:.3f}) "
            f"| {macro:.3f} |"
        )
    every = [pair for pairs in judged.values() for pair in pairs]
    often = Counter(one.right for one in every)
    taken = {
        name: Counter(one.said for one in every if one.right == name != one.said) for name in often
    }
    lines += ["", "| type | messages | F1 | most often taken for |", "|---|---:|---:|---|"]
    for name, count in often.most_common():
        wrong = ", ".join(f"`{other}` {times}" for other, times in taken[name].most_common(2))
        lines.append(f"| `{name}` | {count} | {type_f1(every, name):.2f} | {wrong or '–'} |")
    return lines
