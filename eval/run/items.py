"""The labelled messages of a run: selected, filtered, sampled by whole rooms, in a fixed order."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from eval.data.dataset import Row, read_file
from eval.run.suite import DIMENSIONS, Suite, digest
from intent.model.errors import OperatorError
from intent.model.message import Message, wire

_SHORT, _MEDIUM = 12, 40


@dataclass(frozen=True, slots=True)
class Item:
    """A labelled message; ``seen`` is a hash of everything that a decider is shown of it."""

    row: Row
    message: Message
    seen: str

    @property
    def room(self) -> tuple[str, str]:
        """Platform and room: what clusters messages."""
        return self.row.input.platform, self.row.input.room_id


def load_items(suite: Suite) -> list[Item]:
    """Read the messages of a suite.

    Raises:
        OperatorError: the dataset is wrong or has none of them.
    """
    items = []
    for split in suite.splits:
        rows, faults = read_file(suite.dataset / f"{split}.jsonl")
        if faults:
            raise OperatorError(
                f"the dataset {suite.dataset} is wrong at {faults[0].where}: {faults[0].what}"
            )
        items += [as_item(row) for row in rows]
    if not items:
        raise OperatorError(f"the dataset {suite.dataset} has no rows in {', '.join(suite.splits)}")
    return items


def as_item(row: Row) -> Item:
    """Return the row as something to decide."""
    message = row.message()
    return Item(row, message, digest(wire(message)))


def slice_values(row: Row) -> dict[str, str]:
    """Return the row's value in each dimension; lengths are short (up to 12 characters), medium (up
    to 40) and long.
    """
    size = len(row.input.text)
    length = "short" if size <= _SHORT else "medium" if size <= _MEDIUM else "long"
    values = (
        row.metadata.lang,
        row.input.kind.value,
        row.metadata.business,
        length,
        row.metadata.hard or "plain",
        row.input.author_role.value,
        row.metadata.family or "none",
    )
    return dict(zip(DIMENSIONS, values, strict=True))


def parse_filters(given: Iterable[str]) -> dict[str, frozenset[str]]:
    """Read filters such as ``lang=th`` or ``lang=th,vi``; several of one dimension add up.

    Raises:
        OperatorError: one is not DIMENSION=VALUE.
    """
    filters: dict[str, frozenset[str]] = {}
    for one in given:
        dimension, equals, values = one.partition("=")
        if (
            not equals
            or dimension not in (*DIMENSIONS, "label", "room", "split", "id")
            or not values
        ):
            raise OperatorError(
                f"the filter {one!r} is not DIMENSION=VALUE with a dimension of "
                f"{', '.join(DIMENSIONS)}, label, room, split or id"
            )
        filters[dimension] = filters.get(dimension, frozenset()) | frozenset(values.split(","))
    return filters


def chosen(
    items: Sequence[Item], filters: Mapping[str, frozenset[str]], *, sample: int | None, seed: int
) -> list[Item]:
    """Return the items that pass every filter, and of those a sample of whole rooms (the last one
    cut to size), in their old order.

    Raises:
        OperatorError: nothing is left.
    """
    kept = [item for item in items if passes(item, filters)]
    if sample is not None and sample < len(kept):
        rooms: dict[tuple[str, str], list[Item]] = {}
        for item in kept:
            rooms.setdefault(item.room, []).append(item)
        order = sorted(rooms)
        random.Random(seed).shuffle(order)  # noqa: S311  a repeatable sample, not a secret
        drawn = {item.row.id for item in [item for room in order for item in rooms[room]][:sample]}
        kept = [item for item in kept if item.row.id in drawn]
    if not kept:
        raise OperatorError(
            "no message passes the filters; loosen --filter or look at the values with: python -m "
            "eval data stats"
        )
    return kept


def passes(item: Item, filters: Mapping[str, frozenset[str]]) -> bool:
    """Say whether an item has one of the values in each dimension."""
    return all(
        not values.isdisjoint(_values(item, dimension)) for dimension, values in filters.items()
    )


def _values(item: Item, dimension: str) -> frozenset[str]:
    if dimension == "label":
        return frozenset(item.row.expected.labels)
    own = {"room": item.row.input.room_id, "split": item.row.metadata.split, "id": item.row.id}
    if dimension in own:
        return frozenset([own[dimension]])
    return frozenset([slice_values(item.row)[dimension]])
