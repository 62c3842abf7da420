"""Writes a world into a folder, and reads it again: Parquet, facts as an export of features writes
them, and ``world.json`` with the knobs, the seed and the digest.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from eval.world.knobs import WorldKnobs
from eval.world.made import World
from intent.features.definitions.events import Topics
from intent.features.offline.fact_files import write_facts
from intent.model.errors import OperatorError

FORM = 1
ABOUT = "world.json"
FACTS = "facts"


@dataclass(frozen=True)
class AboutWorld:
    """What ``world.json`` says of a world."""

    knobs: WorldKnobs
    seed: int
    digest: str
    decided_by: str


def write_world(world: World, folder: Path, topics: Topics) -> None:
    """Write a world; ``world.json`` comes last, so that a folder with it is whole.

    Raises:
        OperatorError: there is something else in the folder, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise OperatorError(f"{folder} is not empty; name another folder, or remove it first")
        for name, table in world.tables.items():
            if name != FACTS:
                pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
        write_facts(folder / FACTS, world.tables[FACTS], topics)
        (folder / "truth").mkdir()
        for name, table in world.truth.items():
            pq.write_table(table, folder / "truth" / f"{name}.parquet", compression="zstd")
        about = {
            "form": FORM,
            "seed": world.seed,
            "knobs": asdict(world.knobs),
            "decided_by": world.decided_by,
            "digest": world.digest(),
            "rows": {name: len(table) for name, table in world.tables.items()},
        }
        (folder / ABOUT).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{folder} cannot be written: {error.strerror}") from error


def read_about(folder: Path) -> AboutWorld:
    """Read what a world is.

    Raises:
        OperatorError: the folder holds no whole world, or one of another form.
    """
    try:
        held = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        if held["form"] != FORM:
            raise OperatorError(f"{folder} holds a world of another version; make it anew")
        return AboutWorld(
            WorldKnobs(**held["knobs"]), held["seed"], held["digest"], held["decided_by"]
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OperatorError(
            f"{folder} holds no world; make one with: python -m eval world --out {folder}"
        ) from error


def read_table(folder: Path, name: str) -> pa.Table:
    """Read one table of a world, such as ``impressions`` or ``truth/impressions``.

    Raises:
        OperatorError: it is not there.
    """
    try:
        return pq.read_table(folder / f"{name}.parquet")
    except (OSError, pa.ArrowInvalid) as error:
        raise OperatorError(f"{folder} has no table {name} that can be read") from error
