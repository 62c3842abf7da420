"""What a lift is measured on: labels, and columns by what they may know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.lift.leaks import ColumnsOfEntity

Floats = NDArray[np.float64]
Columns = NDArray[np.float32]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class LiftMaterial:
    """Rows in the order of time, and what is known of each.

    Attributes:
        name: what it is, for people.
        target: what is predicted: ``click`` or ``order``, or the name of a column.
        at: when a row was served, microseconds since 1970 UTC.
        users: number of each row's user.
        labels: what is to be predicted.
        clicked: rows that the label can come of; all if it is clicks.
        positions: in the list; None where no list was shown.
        base: columns that know no message, shape (rows, columns).
        messages: columns that count messages alone, for training: as they were known.
        intents: columns of intents, in the same way.
        names: of the columns of messages and then of intents.
        shuffled: returns the columns of intents with their meaning dealt anew, by seed.
        groups: columns by entity, for the check of leaks.
        served: columns of messages and intents as a server reads them; None where nobody knows.
        by_event: the same joined by event time; None where nobody knows.
        silent: rows of users who never write.
        leads: rows of users who said something with a lead intent lately.
        truth: chance of the label of each row, where it is known.
    """

    name: str
    target: str
    at: Integers
    users: Integers
    labels: Flags
    clicked: Flags
    positions: Integers | None
    base: Columns
    messages: Columns
    intents: Columns
    names: Sequence[str]
    shuffled: Callable[[int], Columns]
    groups: Sequence[ColumnsOfEntity]
    served: Columns | None
    by_event: Columns | None
    silent: Flags
    leads: Flags
    truth: Floats | None

    @property
    def days(self) -> Integers:
        """The day (UTC) of each row, since 1970."""
        return self.at // (86_400 * 1_000_000)

    @property
    def clicked_or_label(self) -> Flags:
        """What a message can only come after: clicks where they are known, else the label."""
        return self.labels if self.clicked.all() else self.clicked
