"""How the local model does on real text that others have labelled for other questions: figures
only, no text leaves the folder.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from intent.classify.local.classifier import LocalClassifier
from intent.model.decision import Decision
from intent.model.message import Message

COST_INTENTS = ("COST", "PRICE", "EMI", "OFFER", "DISCOUNT", "PRICING")
"""Parts of HINT3's intent names that ask what something costs."""


def read_wire(path: Path, count: int | None = None) -> tuple[list[Message], list[dict[str, Any]]]:
    """Read wire messages and their lines as objects, since the publishers' labels stand beside."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[:count]]
    return [Message.model_validate(row) for row in rows], rows


def report(folder: Path, ours: LocalClassifier, say: Callable[[str], None] = print) -> None:
    """Print spam precision and recall against the publishers' labels, and how often known questions
    are called leads.
    """
    say("| data | question | value |")
    say("|---|---|---:|")
    for name, title in (
        ("live_chat_youtube.jsonl", "live chat"),
        ("comment_spam_judol.jsonl", "judol"),
    ):
        messages, rows = read_wire(folder / name)
        _spam(title, rows, ours.classify(messages), say)
    messages, rows = read_wire(folder / "brand_posts_thai.jsonl")
    decisions = ours.classify(messages)
    for label in sorted({row["source_label"] for row in rows}):
        _share(
            f"Wisesight `{label}`", [row["source_label"] == label for row in rows], decisions, say
        )
    messages, rows = read_wire(folder / "shop_chat_hint3_train.jsonl")
    decisions = ours.classify(messages)
    for wanted in ("LEAD_GEN", "ORDER_TAKING"):
        _share(f"HINT3 {wanted}", [row["source_label"] == wanted for row in rows], decisions, say)
    _share(
        "HINT3 cost intents",
        [any(part in row["source_label"] for part in COST_INTENTS) for row in rows],
        decisions,
        say,
    )
    messages, _ = read_wire(folder / "seller_comments_tiktok.jsonl")
    _share("seller comments", [True] * len(messages), ours.classify(messages), say)


def _spam(
    title: str,
    rows: Sequence[dict[str, Any]],
    decisions: Sequence[Decision],
    say: Callable[[str], None],
) -> None:
    truth = np.array([bool(row["spam"]) for row in rows])
    chosen = np.array(["spam" in decision.labels for decision in decisions])
    leads = np.array([decision.is_lead for decision in decisions])
    hits = int((truth & chosen).sum())
    say(f"| {title} | spam precision | {hits / max(int(chosen.sum()), 1):.3f} |")
    say(f"| {title} | spam recall | {hits / max(int(truth.sum()), 1):.3f} |")
    say(f"| {title} | publishers' spam called a lead | {leads[truth].mean():.3f} |")
    say(f"| {title} | other messages called a lead | {leads[~truth].mean():.3f} |")


def _share(
    title: str, kept: Sequence[bool], decisions: Sequence[Decision], say: Callable[[str], None]
) -> None:
    leads = [decision.is_lead for decision, keep in zip(decisions, kept, strict=True) if keep]
    say(f"| {title} | called a lead, of {len(leads)} | {np.mean(leads) if leads else 0:.3f} |")
