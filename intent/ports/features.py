"""The seams of features: what is counted while decisions are saved, what builds training rows."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from intent.model.decision import Entry
from intent.ports.ingestion import Transaction


class FeatureState(Protocol):
    """What is counted while decisions are saved."""

    def add(self, transaction: Transaction, entries: Sequence[Entry]) -> None:
        """Count inserted entries: new minus previous, at the event's time."""

    def remove(self, transaction: Transaction, entries: Sequence[Entry]) -> None:
        """Uncount messages; ``decision`` is the one that stood for readers. To be called after
        their decisions are deleted.
        """


class TablesHere(Protocol):
    """Tables of an engine that runs in this process, as Arrow tables."""

    at_once: int
    """Facts and rows of one view that are added up at once, unless they are of one entity."""

    def read(self, sql: str) -> Any:
        """Return rows as an Arrow table."""

    def load(self, name: str, table: Any, *, more: bool = False) -> None:
        """Make a table of an Arrow table, or put ``more`` rows to it."""


class Engine(AbstractContextManager["Engine"], Protocol):
    """Runs the SQL steps of the offline build: DuckDB here, Spark on a cluster."""

    name: str
    """Of its dialect: the SQL in which engines differ stands in a file of this name."""

    @property
    def here(self) -> TablesHere | None:
        """Its tables if they are in this process: then arrays add up. None where they are
        elsewhere, and SQL does.
        """

    def load_spine(self, files: Sequence[Path], keys: Sequence[str]) -> None:
        """Make table ``spine`` of Parquet files: the keys, ``_row``, which grows in the order of
        the files and their rows, and ``_at``, event_timestamp in microseconds, rounded down.
        """

    def load_facts(self, folder: Path, columns: Sequence[str]) -> None:
        """Make table ``exported`` of the Parquet files under a folder's ``date=…``."""

    def load_conversions(self, file: Path) -> None:
        """Make table ``converted`` of a Parquet file."""

    def step(self, name: str, sql: str) -> None:
        """Make a table."""

    def drop(self, name: str) -> None:
        """Let go of a table that no later step reads; what only describes it may stay."""

    def row(self, sql: str) -> tuple[Any, ...] | None:
        """Return the first row."""

    def write(self, sql: str, spine: Sequence[Path], path: Path, rows: int) -> None:
        """Write the rows of the spine as Parquet, each with the columns that ``sql`` yields for it,
        beside ``_row``, in order. Columns of the spine keep their types.

        Raises:
            OperatorError: there are not so many rows.
        """
