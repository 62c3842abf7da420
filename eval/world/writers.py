"""Says how comments spread over those who write them: in a world, and in a real chat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intent.model.errors import OperatorError
from intent.model.message import AuthorRole, Message

STEPS = (1, 2, 4, 10)
"""Writers are told apart by whether they have so many comments in a room, or more."""


@dataclass(frozen=True, slots=True)
class WrittenByMany:
    """Comments of writers who have so many of them in a room, from ``least`` to ``most``.

    Attributes:
        most: None for as many as you like.
        leads: share of these comments that are decided to be leads; None where nothing is decided.
    """

    least: int
    most: int | None
    comments: int
    leads: float | None


@dataclass(frozen=True, slots=True)
class WriterFigures:
    """Comments by writer, where a person counts anew in every room.

    Attributes:
        writers: who wrote at all in a room.
        each: comments of a writer, on average.
        once: share of the writers with one comment.
        tenth: share of the comments that the tenth of the writers have who wrote most.
        steps: comments by how many their writer has.
    """

    comments: int
    writers: int
    each: float
    once: float
    tenth: float
    steps: tuple[WrittenByMany, ...]


def writer_figures(
    writer: NDArray[np.int64], leads: NDArray[np.bool_] | None = None
) -> WriterFigures:
    """Return the figures of comments.

    Args:
        writer: of each comment, the number of its writer in its room.
        leads: whether each is decided to be a lead.
    """
    _, place, counts = np.unique(writer, return_inverse=True, return_counts=True)
    most = np.sort(counts)[::-1]
    many = counts[place]
    steps = []
    for least, after in zip(STEPS, (*STEPS[1:], None), strict=True):
        inside = (many >= least) & (many < (after or np.inf))
        share = None if leads is None or not inside.any() else float(leads[inside].mean())
        steps.append(WrittenByMany(least, after and after - 1, int(inside.sum()), share))
    return WriterFigures(
        comments=len(writer),
        writers=len(counts),
        each=float(counts.mean()),
        once=float((counts == 1).mean()),
        tenth=float(most[: max(len(most) // 10, 1)].sum() / len(writer)),
        steps=tuple(steps),
    )


def figures_of_chat(messages: Sequence[Message], leads: Sequence[bool] | None) -> WriterFigures:
    """Return the figures of what viewers wrote in a chat; the authors must be the true ones.

    Args:
        leads: whether each message is decided to be a lead.

    Raises:
        OperatorError: no viewer wrote anything.
    """
    own = [place for place, one in enumerate(messages) if one.author_role is AuthorRole.VIEWER]
    if not own:
        raise OperatorError("no viewer wrote anything in this chat")
    keys = [(messages[place].room_id, messages[place].user_id) for place in own]
    number = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    decided = None if leads is None else np.array([leads[place] for place in own])
    return writer_figures(np.array([number[key] for key in keys]), decided)
