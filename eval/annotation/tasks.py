"""Who labels what: a shared part on which agreement can be measured, the rest room by room."""

from __future__ import annotations

import random
from collections.abc import Sequence

from eval.data.dataset import Entry


def assign(
    rows: Sequence[Entry], annotators: Sequence[str], *, overlap: float, seed: int
) -> dict[str, list[Entry]]:
    """Return each annotator's rows, in the rows' order.

    Rooms stay whole, so that whoever labels a message has seen what was said before it.

    Args:
        overlap: share of the rows that everybody labels, in [0, 1]; rooms are added until it is
            reached.
    """
    rooms: dict[tuple[str, str], int] = {}
    for row in rows:
        room = (row.input.platform, row.input.room_id)
        rooms[room] = rooms.get(room, 0) + 1
    order = sorted(rooms)
    random.Random(seed).shuffle(order)  # noqa: S311  a repeatable assignment, not a secret
    home: dict[tuple[str, str], int | None] = {}
    shared, loads = 0, [0] * len(annotators)
    for room in order:
        if len(annotators) == 1 or shared < overlap * len(rows):
            home[room], shared = None, shared + rooms[room]
        else:
            lightest = loads.index(min(loads))
            home[room], loads[lightest] = lightest, loads[lightest] + rooms[room]
    return {
        name: [row for row in rows if home[row.input.platform, row.input.room_id] in {None, number}]
        for number, name in enumerate(annotators)
    }
