"""Messages that could be labelled next, with what speaks for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval.annotation.corrected import corrected
from eval.annotation.intake import UNKNOWN_LANGUAGE, row_id
from eval.annotation.sampling import reasons
from eval.data.dataset import Row
from eval.measure.contested import Contested, contested
from eval.measure.finished import load_run
from eval.measure.scored import Floats
from intent.bootstrap.application import open_application
from intent.bootstrap.deciding import build_local
from intent.model.errors import OperatorError
from intent.model.message import AuthorRole, Message
from intent.store.access import Access

_LEAST_STAKE = 0.01


@dataclass(frozen=True, slots=True)
class Candidates:
    """Messages to choose from.

    Attributes:
        rows: what a queue says of each: the id of its row, or the message itself.
        speaking: for each reason how much it speaks for each message, shape (rows,).
    """

    rows: tuple[dict[str, Any], ...]
    speaking: Mapping[str, Floats]


def from_run(folder: Path, *, of_all: bool = False) -> Candidates:
    """Return the messages of a run; where the local model gave its opinion beside the LLM's, they
    can disagree.

    Args:
        of_all: also what hosts and moderators say, who are no customers.

    Raises:
        OperatorError: nobody else says anything.
    """
    run = load_run(folder, open_application().taxonomy)
    kept = np.array(
        [
            one.repeat == 0 and (of_all or _of_viewer(run.items[one.id].message))
            for one in run.predictions
        ]
    )
    _require(bool(kept.any()))
    scored = run.scored.only(kept)
    speaking = reasons(
        scored.chosen, scored.lead_probability, scored.has_local & ~scored.local_labels_agree
    )
    return Candidates(tuple({"row": key} for key in scored.ids), speaking)


def from_disagreements(folder: Path, *, of_all: bool = False) -> Candidates:
    """Return the messages of a run about which local model, LLM and people do not say the same, and
    nobody has adjudicated: each speaks for itself by what it may cost.

    Args:
        of_all: also what hosts and moderators say.

    Raises:
        OperatorError: all agree.
    """
    taxonomy = open_application().taxonomy
    run = load_run(folder, taxonomy)
    found = [
        one
        for one in contested(run, taxonomy)
        if not one.settled and (of_all or _of_viewer(run.items[one.row.id].message))
    ]
    _require(bool(found))
    return Candidates(tuple({"row": one.row.id} for one in found), _at_stake(found))


def from_corrections() -> Candidates:
    """Return the messages of the service's database that people corrected: each speaks for itself
    by what the machine's mistake may cost.

    Raises:
        OperatorError: there is no database, or nobody corrected anything.
        StoreUnavailable: the database is away.
    """
    found = corrected(open_application(access=Access.READ))
    if not found:
        raise OperatorError(
            "nobody has corrected anything yet; people do so with *not a lead* in the inbox, or "
            "with: intent leads not-a-lead LEAD"
        )
    rows = tuple({"row": one.row.id, "message": _message_of(one.row)} for one in found)
    return Candidates(rows, _at_stake(found))


def _at_stake(found: Sequence[Contested]) -> dict[str, Floats]:
    # Where two labels cost the same, a disagreement is still one.
    return {"disagreeing": np.maximum([one.stake for one in found], _LEAST_STAKE)}


def _message_of(row: Row) -> dict[str, Any]:
    lang = {} if row.metadata.lang == UNKNOWN_LANGUAGE else {"lang": row.metadata.lang}
    return {**row.message().model_dump(mode="json", exclude_none=True), **lang}


def from_messages(messages: Sequence[Message], *, of_all: bool = False) -> Candidates:
    """Return messages that nobody has labelled, as the local model decides them.

    Args:
        of_all: also what hosts and moderators say.

    Raises:
        OperatorError: nobody else says anything.
    """
    messages = [one for one in messages if of_all or _of_viewer(one)]
    _require(bool(messages))
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


def _of_viewer(message: Message) -> bool:
    return message.author_role is AuthorRole.VIEWER


def _require(left: bool) -> None:
    if not left:
        raise OperatorError(
            "there is no message to choose from: those of hosts and moderators are left out unless "
            "--all-roles is given, and of disagreements those that somebody has settled"
        )
