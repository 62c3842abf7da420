"""Messages that could be labelled next, with what speaks for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval.annotation.intake import row_id
from eval.annotation.sampling import reasons
from eval.measure.finished import load_run
from eval.measure.scored import Floats
from intent.bootstrap.application import open_application
from intent.bootstrap.deciding import build_local
from intent.model.message import Message


@dataclass(frozen=True, slots=True)
class Candidates:
    """Messages to choose from.

    Attributes:
        rows: what a queue says of each: the id of its row, or the message itself.
        speaking: for each reason how much it speaks for each message, shape (rows,).
    """

    rows: tuple[dict[str, Any], ...]
    speaking: Mapping[str, Floats]


def from_run(folder: Path) -> Candidates:
    """Return the messages of a run; where the local model gave its opinion beside the LLM's, they
    can disagree.
    """
    run = load_run(folder, open_application().taxonomy)
    scored = run.scored.only(np.array([one.repeat == 0 for one in run.predictions]))
    speaking = reasons(
        scored.chosen, scored.lead_probability, scored.has_local & ~scored.local_labels_agree
    )
    return Candidates(tuple({"row": key} for key in scored.ids), speaking)


def from_messages(messages: Sequence[Message]) -> Candidates:
    """Return messages that nobody has labelled, as the local model decides them."""
    app = open_application()
    names = app.taxonomy.names
    decisions = build_local(app).classify(messages)
    chosen = np.array(
        [[name in decision.labels for name in names] for decision in decisions], dtype=bool
    )
    lead = np.array([decision.lead_probability for decision in decisions])
    rows = tuple(
        {"row": row_id(one), "message": one.model_dump(mode="json", exclude_none=True)}
        for one in messages
    )
    return Candidates(rows, reasons(chosen, lead, np.zeros(len(messages), dtype=bool)))
