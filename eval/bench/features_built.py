"""What building training rows costs beside pandas: processor time, seconds, memory, each build in a
process of its own, and whether the values are the same.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from eval.bench.feature_data import write_history, write_requests
from eval.bench.feature_peer import differing_values, pandas_rows
from intent.bootstrap.application import open_application
from intent.cli.screen import json_line, people, results
from intent.features.offline.build import build
from intent.features.offline.duck import DuckEngine
from intent.features.offline.history import KnownHistory

PLAIN = {"pandas, an entity at a time": True, "pandas, a feature at a time": False}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a build took.

    Attributes:
        processor: seconds of processor time, of all threads.
        clock: seconds.
        peak: MB of memory of the process at most, with what it had imported.
    """

    processor: float
    clock: float
    peak: int


def features_built(
    facts: Annotated[int, typer.Option(min=1, help="Facts, each of a message.")] = 1_000_000,
    rows: Annotated[int, typer.Option(min=1, help="Spine rows.")] = 200_000,
    feature_set: Annotated[str, typer.Option(help="What is built.")] = "ranking_v1",
    upgraded: Annotated[
        bool, typer.Option(help="Build as well where a tenth was decided twice.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Build training rows by this product and by pandas with running sums and as-of joins, and
    compare cost and values.

    Example: [bold]python -m eval bench features-built[/]
    """
    with tempfile.TemporaryDirectory() as temporary:
        costs, differing = compare_builds(Path(temporary), facts, rows, feature_set, upgraded)
    if as_json:
        json_line(
            {name: asdict(cost) for name, cost in costs.items()} | {"values_differing": differing}
        )
        return
    ours = costs["ours"]
    for name, cost in costs.items():
        ratio = f"{cost.processor / ours.processor:.1f} times" if name in PLAIN else ""
        results().print(
            f"{name:<32} {cost.processor:6.2f} s of processor time {ratio:>10}  "
            f"{cost.clock:6.2f} s  {cost.peak:,} MB"
        )
    results().print(f"{differing:,} values of {facts:,} facts × {rows:,} rows differ")


def compare_builds(
    folder: Path, facts: int, rows: int, feature_set: str, upgraded: bool
) -> tuple[dict[str, Cost], int]:
    """Build one after the other, and return costs by name, and how many values differ."""
    say = people().print
    definitions = open_application().definitions
    chosen = definitions.feature_set(feature_set)
    write_history(folder / "facts", facts, definitions)
    write_requests(folder / "spine.parquet", rows)
    say("building …")
    costs = {"ours": _alone(_ours, folder, feature_set)}
    differing = 0
    for name, together in PLAIN.items():
        say(f"{name} …")
        costs[name] = _alone(_plain, folder, feature_set, together)
        differing += differing_values(folder / "ours.parquet", folder / "plain.parquet", chosen)
    if upgraded:
        for file in folder.glob("facts/*/*.parquet"):
            file.unlink()
        for home in folder.glob("facts/*"):
            home.rmdir()
        write_history(folder / "facts", facts, definitions, again=0.1)
        costs["ours, a tenth decided twice"] = _alone(_ours, folder, feature_set)
    return costs, differing


def _alone(work: Callable[..., None], *arguments: object) -> Cost:
    """Return what work cost in a process of its own, without its start."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as process:
        return process.submit(_cost, work, *arguments).result()


def _cost(work: Callable[..., None], *arguments: object) -> Cost:
    clock, processor = time.monotonic(), time.process_time()
    work(*arguments)
    return Cost(
        time.process_time() - processor,
        time.monotonic() - clock,
        _peak(),
    )


def _peak() -> int:
    """Return MB of memory at most; ``ru_maxrss`` would hold what the starting process had."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line) // 1024


def _ours(folder: Path, feature_set: str) -> None:
    definitions = open_application().definitions
    with DuckEngine(folder, threads=2) as engine:
        build(
            engine,
            definitions.feature_set(feature_set),
            definitions,
            spine=folder / "spine.parquet",
            facts=folder / "facts",
            out=folder / "ours.parquet",
            history=KnownHistory(),
        )


def _plain(folder: Path, feature_set: str, together: bool) -> None:
    definitions = open_application().definitions
    pandas_rows(
        folder / "spine.parquet",
        folder / "facts",
        folder / "plain.parquet",
        definitions.feature_set(feature_set),
        definitions,
        together=together,
    )
