"""Builds the features of all rows by the builder of the product, from facts as they are or as they
are told otherwise: by event time, or with intents dealt anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from intent.features.definitions.definitions import Definitions
from intent.features.definitions.events import LLM_CODE, MEASURED_CODE, MESSAGE_CODE, Topics
from intent.features.offline.build import build
from intent.features.offline.duck import DuckEngine
from intent.features.offline.fact_files import write_facts
from intent.features.offline.history import MARGIN, KnownHistory

DAY = 86_400 * 1_000_000
KNOWN = KnownHistory(MARGIN)
"""What training rows see: what was known a margin before."""

SERVED = KnownHistory(0)
"""What a server reads: whatever is stored at that instant."""


@dataclass(frozen=True)
class FeatureBuilder:
    """Builds features of the requests in ``spine``, in their order; ``scratch`` is a folder for
    what comes and goes.
    """

    spine: Path
    scratch: Path
    definitions: Definitions

    def built(
        self, facts: Path, names: Sequence[str], history: KnownHistory
    ) -> NDArray[np.float32]:
        """Return the features, shape (rows, names); NaN is missing.

        Raises:
            OperatorError: facts or spine are not as the builder needs them.
        """
        out = self.scratch / "rows.parquet"
        with DuckEngine(self.scratch) as engine:
            build(
                engine,
                self.definitions.choose("lift", names),
                self.definitions,
                spine=self.spine,
                facts=facts,
                out=out,
                history=history,
            )
        columns = [
            pq.read_table(out, columns=[name])[name].to_numpy().astype(np.float32) for name in names
        ]
        out.unlink()
        return np.column_stack(columns)

    def from_table(
        self, facts: pa.Table, names: Sequence[str], history: KnownHistory
    ) -> NDArray[np.float32]:
        """Return the features from facts that are told otherwise than they are stored."""
        folder = self.scratch / "facts"
        write_facts(folder, facts, Topics(self.definitions.groups))
        try:
            return self.built(folder, names, history)
        finally:
            shutil.rmtree(folder)


def read_facts(folder: Path) -> pa.Table:
    """Return exported facts in the order of their ids."""
    files = sorted(folder.glob("date=*/*.parquet"))
    return pa.concat_tables([pq.ParquetFile(file).read() for file in files]).sort_by("id")


def by_event_time(facts: pa.Table) -> pa.Table:
    """Return each message with its newest decision, as if that had been known when it was said:
    what a join by event time sees.
    """
    order = np.lexsort((facts["revision"].to_numpy(), _messages(facts)))
    message = _messages(facts)[order]
    newest = np.sort(order[np.append(message[1:] != message[:-1], True)])
    kept = facts.take(pa.array(newest))
    kept = _with(kept, "known", kept["event"].to_numpy())
    return _with(kept, "revision", np.zeros(len(kept), dtype=np.int32))


def dealt_anew(facts: pa.Table, seed: int) -> pa.Table:
    """Return facts whose decisions changed places among the viewers' messages of a day that were
    decided as often: who wrote when, and how often it was decided, all stays; what it means does
    not.
    """
    message, revision = _messages(facts), facts["revision"].to_numpy()
    order = np.lexsort((revision, message))
    sorted_message = message[order]
    many = np.bincount(message)
    start = np.cumsum(many) - many
    fixed = (np.array(facts["author_role"].to_pylist()) != "viewer") | (
        facts["mask"].to_numpy() == 0
    )
    free = np.flatnonzero(np.bincount(message, weights=fixed) == 0)
    day = facts["event"].to_numpy()[order][start] // DAY
    group = np.unique(np.column_stack([day, many])[free], axis=0, return_inverse=True)[1]
    giver = np.arange(len(many))
    giver[free] = free[_shuffled(group.ravel(), np.random.default_rng(seed))]
    step = np.arange(len(message)) - start[sorted_message]
    donor = np.empty(len(message), dtype=np.int64)
    donor[order] = order[start[giver[sorted_message]] + step]
    return _decided_as(facts, donor)


def _shuffled(group: NDArray[np.int64], chance: np.random.Generator) -> NDArray[np.int64]:
    """Return places that changed within their group."""
    moved = np.arange(len(group))
    order = np.lexsort((chance.random(len(group)), group))
    moved[np.argsort(group, kind="stable")] = order
    return moved


def _decided_as(facts: pa.Table, donor: NDArray[np.int64]) -> pa.Table:
    given = facts.take(pa.array(donor))
    kept = 1 << MESSAGE_CODE | 1 << MEASURED_CODE | 1 << LLM_CODE
    mask = (facts["mask"].to_numpy() & kept) | (given["mask"].to_numpy() & ~kept)
    facts = _with(facts, "mask", mask)
    for name in facts.column_names:
        if name.startswith("p_") or name in {"stated_price", "price_gap"}:
            facts = facts.set_column(facts.schema.get_field_index(name), name, given[name])
    return facts


def _messages(facts: pa.Table) -> NDArray[np.int64]:
    """Return a number for each message."""
    both = pa.compute.binary_join_element_wise(facts["platform"], facts["message_id"], "/")
    return np.asarray(both.combine_chunks().dictionary_encode().indices).astype(np.int64)


def _with(table: pa.Table, name: str, values: NDArray[np.generic]) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, name, pa.array(values, table.schema.field(name).type))
