"""Makes a world as Arrow tables: one seed, one set of knobs, always the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from eval.world.decided import MeasuredDecisions
from eval.world.knobs import WorldKnobs
from eval.world.past import come_to_pass
from eval.world.seen_tables import seen_tables
from eval.world.truth_tables import truth_tables
from intent.features.definitions.events import Topics


@dataclass(frozen=True)
class World:
    """A world as Arrow tables.

    Attributes:
        tables: what a platform and a shop would tell: ``messages``, ``facts``, ``impressions``,
            ``clicks``, ``conversions``, ``touches``.
        truth: what nobody can see outside of a simulation: ``users``, ``creators``, ``rooms``,
            ``needs``, ``impressions`` (row by row beside those of ``tables``), ``messages``,
            ``conversions``, ``touches``.
        decided_by: the version of the local model whose decisions the comments have.
    """

    knobs: WorldKnobs
    seed: int
    tables: dict[str, pa.Table]
    truth: dict[str, pa.Table]
    decided_by: str

    def digest(self) -> str:
        """Return 64 hexadecimal digits over all tables: the same for the same seed and knobs."""
        found = hashlib.sha256()
        for kind in (self.tables, self.truth):
            for name in sorted(kind):
                found.update(name.encode("utf-8"))
                _digest(kind[name], found.update)
        return found.hexdigest()


def make_world(knobs: WorldKnobs, seed: int, decisions: MeasuredDecisions, topics: Topics) -> World:
    """Make a world.

    Raises:
        OperatorError: a knob is out of its range.
    """
    past = come_to_pass(knobs, seed, decisions)
    seen = seen_tables(past, decisions, topics)
    return World(past.knobs, seed, seen, truth_tables(past), decisions.model)


def _digest(table: pa.Table, update: Callable[[pa.Buffer], None]) -> None:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table.combine_chunks())
    update(sink.getvalue())
