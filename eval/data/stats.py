"""Counts of a dataset: rows, rooms and labels for each language and split, and the shares that show
whether it looks like a stream.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from eval.data.dataset import Row
from intent.model.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of some rows. Shares are of rows, from 0 to 1; ``labels`` has every label of the
    taxonomy.
    """

    rows: int
    rooms: int
    businesses: int
    leads: float
    several_labels: float
    hard: float
    chats: float
    without_context: float
    labels: dict[str, int]
    hard_kinds: dict[str, int]
    slots: dict[str, int]


def count(rows: Sequence[Row], taxonomy: Taxonomy) -> Counts:
    """Count the rows."""
    labels = Counter(label for row in rows for label in row.expected.labels)
    hard = Counter(row.metadata.hard for row in rows if row.metadata.hard)
    slots = Counter(slot.kind for row in rows for slot in row.expected.slots)

    def share(chosen: int) -> float:
        return chosen / len(rows) if rows else 0.0

    return Counts(
        rows=len(rows),
        rooms=len({(row.input.platform, row.input.room_id) for row in rows}),
        businesses=len({row.metadata.business for row in rows}),
        leads=share(sum(not taxonomy.leads.isdisjoint(row.expected.labels) for row in rows)),
        several_labels=share(sum(len(row.expected.labels) > 1 for row in rows)),
        hard=share(sum(hard.values())),
        chats=share(sum(row.input.kind == "chat" for row in rows)),
        without_context=share(sum(row.input.context is None for row in rows)),
        labels={name: labels[name] for name in taxonomy.names},
        hard_kinds=dict(hard.most_common()),
        slots={kind: slots[kind] for kind in taxonomy.slots},
    )


def count_cells(rows: Sequence[Row], taxonomy: Taxonomy) -> dict[tuple[str, str], Counts]:
    """Count the rows of each (language, split), in the order in which they first stand."""
    cells: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        cells.setdefault((row.metadata.lang, row.metadata.split), []).append(row)
    return {cell: count(held, taxonomy) for cell, held in cells.items()}
