"""Speed and size of features: training rows against the plain way, online reads, what keeping state
costs the worker, bytes, and a week replayed.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import duckdb
import typer

from eval.bench.feature_data import write_history, write_requests
from eval.bench.feature_plots import growth_plot, interest_plot, latency_plot
from eval.bench.feature_store import Online, Stored, measure_store, replay_week
from intent.bootstrap.application import open_application
from intent.cli.screen import people, results
from intent.features.definitions.definitions import SECOND, Definitions, FeatureSet
from intent.features.offline.build import build
from intent.features.offline.duck import DuckEngine
from intent.features.offline.history import MARGIN, KnownHistory

Print = Callable[[str], None]

COMPARED = (
    "user__message__count_1h",
    "user__message__count_24h",
    "user__message__count_7d",
    "user__message__count_30d",
    "user__lead__count_7d",
    "user__lead__expected_7d",
    "user__lead__seconds_since_last",
)
"""What both ways compute: four windows, a sum of probabilities, and a point in time."""

SIZES = (100_000, 1_000_000, 5_000_000)
THREADS = 2
UPGRADED = 0.1


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the clock, and of processor time, which do not depend on what else runs here."""

    clock: float
    processor: float


@dataclass(frozen=True, slots=True)
class Built:
    """What it took to build training rows from a number of facts, and what the plain way took where
    it was run.

    Attributes:
        ours: the features that both ways compute.
        again: the same, where a tenth of the messages was decided twice.
        everything: the whole set ranking_v1, 40 features over five entities.
        differing: rows in which the two ways differ in a value.
    """

    facts: int
    rows: int
    ours: Took
    again: Took
    everything: Took
    plain: Took | None
    differing: int | None


def features(
    out: Annotated[Path, typer.Option(help="Folder for plots and figures.json.")] = Path(
        "eval/bench/results/features"
    ),
    rows: Annotated[int, typer.Option(min=1, help="Spine rows.")] = 200_000,
    users: Annotated[int, typer.Option(min=1, help="Users in the online store.")] = 1_000_000,
    plain_up_to: Annotated[
        int, typer.Option(min=0, help="Largest number of facts on which the plain way is run.")
    ] = 1_000_000,
    sizes: Annotated[
        list[int] | None, typer.Option(help="Numbers of facts; may be repeated.")
    ] = None,
    database_url: Annotated[
        str | None,
        typer.Option(help="An empty database for the online half; by default a new SQLite file."),
    ] = None,
) -> None:
    """Measure features for ranking in one run: offline builds, online reads, cost to the worker,
    bytes; writes plots and figures.json.

    Example: [bold]python -m eval bench features[/]
    """
    out.mkdir(parents=True, exist_ok=True)
    definitions = open_application().definitions
    say: Print = people().print
    builds = [
        measure_build(definitions, size, rows, plain=size <= plain_up_to, say=say)
        for size in sizes or SIZES
    ]
    growth_plot(builds, out / "build_growth.svg")
    with tempfile.TemporaryDirectory() as folder:
        stored, reads = measure_store(
            definitions, database_url or f"sqlite:///{folder}/online.db", users, say
        )
    latency_plot(reads, out / "read_growth.svg")
    interest_plot(replay_week(definitions), out / "interest_week.svg")
    figures = {
        "builds": [asdict(one) for one in builds],
        "reads": [asdict(one) for one in reads],
        "state": asdict(stored),
    }
    (out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    _say(builds, reads, stored)


def measure_build(
    definitions: Definitions, facts: int, rows: int, *, plain: bool, say: Print
) -> Built:
    """Build from synthetic facts with skewed keys, and compare with the plain way."""
    say(f"building from {facts:,} facts × {rows:,} rows …")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_history(folder / "facts", facts, definitions)
        write_requests(folder / "spine.parquet", rows)
        ours = _build(
            definitions, definitions.choose("compared", COMPARED), folder, "compared.parquet"
        )
        everything = _build(
            definitions, definitions.feature_set("ranking_v1"), folder, "all.parquet"
        )
        plain_way, differing = None, None
        if plain:
            say("the plain way …")
            plain_way = _plain(definitions, folder)
            differing = _differing(folder)
        shutil.rmtree(folder / "facts")
        write_history(folder / "facts", facts, definitions, again=UPGRADED)
        again = _build(
            definitions, definitions.choose("compared", COMPARED), folder, "again.parquet"
        )
        return Built(facts, rows, ours, again, everything, plain_way, differing)


def _build(definitions: Definitions, chosen: FeatureSet, folder: Path, name: str) -> Took:
    started = _now()
    with DuckEngine(folder, THREADS) as engine:
        build(
            engine,
            chosen,
            definitions,
            spine=folder / "spine.parquet",
            facts=folder / "facts",
            out=folder / name,
            history=KnownHistory(),
        )
    return _since(started)


def _now() -> Took:
    return Took(time.monotonic(), time.process_time())


def _since(started: Took) -> Took:
    now = _now()
    return Took(now.clock - started.clock, now.processor - started.processor)


def _plain(definitions: Definitions, folder: Path) -> Took:
    """A range join for each window, and inequality with row_number for the point in time; on facts
    without re-decisions, where they are right.

    One range join for all four windows, with a condition for each count, took a third longer.
    """
    started = _now()
    lead = f"(f.mask & {1 << 32}) <> 0"
    connection = duckdb.connect()
    connection.execute(f"SET threads = {THREADS}")
    connection.execute("SET TimeZone = 'UTC'")
    spine = (
        f"SELECT row_number() OVER () - 1 AS r, user_id, epoch_us(event_timestamp) AS at_us "
        f"FROM '{folder}/spine.parquet'"
    )
    connection.execute(f"CREATE TEMP TABLE s AS {spine}")
    facts = (
        f"SELECT user_id, event, greatest(event, known + {MARGIN}) AS seen, mask, p_lead FROM "
        f"'{folder}/facts/*/*.parquet'"
    )
    connection.execute(f"CREATE TEMP TABLE f AS {facts}")
    for name, window in definitions.windows.items():
        start = (
            f"s.at_us - {window.seconds * SECOND} - (s.at_us - {window.seconds * SECOND}) % "
            f"{window.tile * SECOND}"
        )
        sums = (
            f"count(f.event) AS n, count(*) FILTER (f.event IS NOT NULL AND {lead}) AS lead, "
            "sum(f.p_lead) AS p"
        )
        joined = (
            f"s LEFT JOIN f ON f.user_id = s.user_id AND f.event >= {start} AND f.seen < s.at_us"
        )
        connection.execute(
            f"CREATE TEMP TABLE w_{name} AS SELECT s.r, {sums} FROM {joined} GROUP BY s.r"
        )
    ranked = "SELECT s.r, f.event, row_number() OVER (PARTITION BY s.r ORDER BY f.event DESC) AS n"
    joined = f"{ranked} FROM s JOIN f ON f.user_id = s.user_id AND f.seen < s.at_us AND {lead}"
    connection.execute(f"CREATE TEMP TABLE last AS SELECT r, event FROM ({joined}) WHERE n = 1")
    columns = (
        "a.n AS n_1h, b.n AS n_24h, c.n AS n_7d, d.n AS n_30d, c.lead, c.p / 1e6 AS p, "
        "(s.at_us - last.event) / 1e6 AS since"
    )
    tables = (
        "s JOIN w_1h a USING (r) JOIN w_24h b USING (r) JOIN w_7d c USING (r) JOIN w_30d d "
        "USING (r) LEFT JOIN last USING (r)"
    )
    connection.execute(
        f"COPY (SELECT s.r, {columns} FROM {tables} ORDER BY s.r) TO '{folder}/plain.parquet' "
        "(FORMAT parquet)"
    )
    connection.close()
    return _since(started)


def _differing(folder: Path) -> int:
    """Count rows in which the ways differ, among users that were seen within 30 days: the plain way
    knows no time to live.
    """
    ours = f"SELECT row_number() OVER () - 1 AS r, * FROM '{folder}/compared.parquet'"
    pairs = zip(("n_1h", "n_24h", "n_7d", "n_30d", "lead"), COMPARED, strict=False)
    counts = " OR ".join(f"p.{plain} <> o.{name}" for plain, name in pairs)
    last = f"o.{COMPARED[6]} IS NOT NULL AND abs(p.since - o.{COMPARED[6]}) > 1e-6"
    differ = f"{counts} OR abs(coalesce(p.p, 0) - o.{COMPARED[5]}) > 1e-6 OR {last}"
    query = (
        f"SELECT count(*) FROM ({ours}) o JOIN '{folder}/plain.parquet' p USING (r) WHERE "
        f"o.user__status = 'seen' AND ({differ})"
    )
    found = duckdb.connect().execute(query).fetchone()
    return int(found[0]) if found else 0


def _said(took: Took) -> str:
    return f"{took.clock:.1f} s by the clock, {took.processor:.1f} s of processor time"


def _say(builds: Sequence[Built], reads: Sequence[Online], stored: Stored) -> None:
    console = results()
    for one in builds:
        console.print(
            f"{one.facts:,} facts × {one.rows:,} rows, {len(COMPARED)} features: {_said(one.ours)}"
        )
        if one.plain is not None:
            times = (
                f"{one.plain.clock / one.ours.clock:.1f} times as long, "
                f"{one.plain.processor / one.ours.processor:.1f} times the processor time"
            )
            console.print(
                f"  the plain way: {_said(one.plain)}, {times}; {one.differing:,} rows differ"
            )
        console.print(f"  a tenth of the messages decided twice: {_said(one.again)}")
        console.print(f"  ranking_v1, 40 features over five entities: {_said(one.everything)}")
    for read in reads:
        console.print(
            f"{read.what}: p50 {read.p50:.1f} ms, p99 {read.p99:.1f} ms; "
            f"{read.rows:,} plain rows by key p50 {read.plain_p50:.1f} ms; "
            f"processor {read.cpu:.1f} and {read.plain_cpu:.1f} ms, ratio {read.ratio:.1f}"
        )
    cost = f"{stored.microseconds_a_message:.0f} µs of processor time a message in batches of 256"
    console.print(f"state costs the worker {cost} ({stored.share:.0%} of the finish transaction)")
    for line in stored.sizes:
        console.print(line)
