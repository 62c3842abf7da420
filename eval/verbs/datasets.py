"""The verbs of ``python -m eval data``: lint, stats, dedupe, agree, real."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from eval.data.agreement import Agreement, agreement, by_guideline, slot_agreement
from eval.data.dataset import (
    AUTHOR,
    SECOND,
    DatasetFault,
    load_dataset,
    load_entries,
    of_split,
    read_dataset,
    read_open,
    write_file,
)
from eval.data.foreign import FIRST, HALVES, join
from eval.data.lint import lint as lint_rows
from eval.data.lint import open_faults
from eval.data.near import near_duplicates
from eval.data.stats import Counts, count, count_cells
from intent.bootstrap.application import open_application
from intent.bootstrap.settings import load_settings
from intent.classify.local.encoder import EncoderSpec, open_encoder
from intent.classify.local.weights import BUNDLED, SHIPPED_FROM, SHIPPED_LAYERS
from intent.cli.screen import json_line, people, results
from intent.model.errors import OperatorError

DATASET = Path(__file__).resolve().parents[1] / "datasets" / "lead_intent"
"""The dataset that ships."""

REAL = DATASET.parent / "real" / "labels.tsv"
"""Labels of real messages, whose texts are not in the repository."""

BUNDLED_ENCODER = EncoderSpec(BUNDLED, SHIPPED_FROM, SHIPPED_LAYERS)
"""The encoder that ships, whole."""


def tell(faults: Sequence[DatasetFault]) -> None:
    """Print what is wrong, one thing a line."""
    for fault in faults:
        people().print(f"{fault.where}: {fault.what}", markup=False, soft_wrap=True)


app = typer.Typer(no_args_is_help=True, help="Looks after labelled datasets.")

Folder = Annotated[Path, typer.Argument(help="folder with train.jsonl, dev.jsonl and test.jsonl")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object a line")]
Parts = Annotated[
    list[str] | None,
    typer.Option("--with", help="also read this part ({split}_{part}.jsonl); may be repeated"),
]


@app.command()
def lint(folder: Folder = DATASET, json: Json = False, parts: Parts = None) -> None:
    """Check keys, labels, slots, unique ids and texts, and that no room stands in two splits.

    Example: python -m eval data lint mine
    """
    rows, faults = read_dataset(folder, parts or ())
    waiting, broken = read_open(folder)
    faults += [*lint_rows(rows, open_application().taxonomy), *broken, *open_faults(waiting)]
    if json:
        for fault in faults:
            json_line(dataclasses.asdict(fault))
    else:
        tell(faults)
    people().print(f"{len(rows)} rows, {len(faults)} faults")
    if waiting:
        bare = sum(not entry.labels for entry in waiting)
        people().print(
            f"{len(waiting)} rows are open: {bare} wait for labels, {len(waiting) - bare} for "
            "somebody to settle a disagreement (python -m eval data export "
            f"--dataset {folder} --only disagreeing -o settle)",
            markup=False,
            soft_wrap=True,
        )
    raise typer.Exit(1 if faults else 0)


@app.command()
def stats(folder: Folder = DATASET, json: Json = False, parts: Parts = None) -> None:
    """Count rows, rooms and labels for each language and split.

    Example: python -m eval data stats mine
    """
    taxonomy = open_application().taxonomy
    rows = load_dataset(folder, parts or ())
    named = {
        f"{lang} {split}": counts for (lang, split), counts in count_cells(rows, taxonomy).items()
    }
    named |= {
        f"all {split}": count(of_split(rows, split), taxonomy) for split in ("train", "dev", "test")
    }
    named["all"] = count(rows, taxonomy)
    if json:
        for name, counts in named.items():
            json_line({"rows_of": name, **dataclasses.asdict(counts)})
        return
    results().print(_stats_table(named, [label.code for label in taxonomy.labels]))


def _stats_table(named: dict[str, Counts], codes: list[str]) -> Table:
    table = Table("", "rows", "rooms", "lead %", "hard %", "several %", *codes)
    for name, counts in named.items():
        shares = [
            f"{100 * share:.0f}" for share in (counts.leads, counts.hard, counts.several_labels)
        ]
        table.add_row(
            name,
            str(counts.rows),
            str(counts.rooms),
            *shares,
            *(str(number) for number in counts.labels.values()),
        )
    return table


@app.command()
def dedupe(
    folder: Folder = DATASET,
    json: Json = False,
    embeddings: Annotated[
        bool, typer.Option(help="compare embeddings too, besides character n-grams")
    ] = True,
    parts: Parts = None,
) -> None:
    """Name texts that stand, nearly the same, in more than one split.

    Example: python -m eval data dedupe mine
    """
    settings = load_settings()
    rows = load_dataset(folder, parts or ())
    encoder = (
        open_encoder(BUNDLED_ENCODER, settings.cache_dir, threads=settings.threads)
        if embeddings
        else None
    )
    texts = {row.id: row.input.text for row in rows}
    pairs = near_duplicates(rows, encoder)
    for pair in pairs:
        if json:
            json_line(dataclasses.asdict(pair))
        else:
            first, second = (f"{key}: {texts[key]}" for key in (pair.first, pair.second))
            people().print(f"{pair.cosine:.2f}  {first}  ~  {second}", markup=False, soft_wrap=True)
    people().print(f"{len(rows)} rows, {len(pairs)} near-duplicates across splits")
    raise typer.Exit(1 if pairs else 0)


@app.command()
def agree(
    folder: Folder = DATASET,
    json: Json = False,
    first: Annotated[str, typer.Option(help="one annotator")] = AUTHOR,
    second: Annotated[str, typer.Option(help="the other")] = SECOND,
    parts: Parts = None,
) -> None:
    """Compare two annotators: Cohen's kappa with 95 % intervals clustered by room, for each version
    of the guideline.

    Example: python -m eval data agree mine --first anna --second ben
    """
    taxonomy = open_application().taxonomy
    entries = load_entries(folder, parts or ())
    versions = by_guideline(entries, first=first, second=second)
    if not versions:
        names = ", ".join(sorted({held.by for entry in entries for held in entry.labels}))
        raise OperatorError(
            f"no row was labelled by both {first} and {second}; annotators of {folder}: "
            f"{names or 'none'}"
        )
    for version, rows in versions.items():
        found = agreement(rows, taxonomy, first=first, second=second)
        if json:
            for one in found:
                json_line({"guideline": version, **dataclasses.asdict(one)})
            continue
        results().print(_agreement_table(found, first, second, f"guideline version {version}"))
        slots = slot_agreement(rows, first=first, second=second)
        if slots.rows:
            people().print(
                f"slots: {first} gave {slots.first}, {second} {slots.second}, both {slots.both}: "
                f"F1 {slots.f1:.3f} over {slots.rows} rows",
                markup=False,
                soft_wrap=True,
            )


def _agreement_table(found: Sequence[Agreement], first: str, second: str, title: str) -> Table:
    table = Table("label", "rows", first, second, "both", "kappa", "95 % interval", title=title)
    for one in found:
        numbers = (str(number) for number in (one.rows, one.first, one.second, one.both))
        table.add_row(one.label, *numbers, f"{one.kappa:.3f}", f"{one.low:.3f} to {one.high:.3f}")
    return table


@app.command()
def real(
    data: Annotated[Path, typer.Option(help="folder that holds the texts, as it was labelled")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="folder to write to; never inside the repository")
    ] = Path("runs/real"),
    labels: Annotated[Path, typer.Option(help="table of rows, hashes and labels")] = REAL,
) -> None:
    """Join labels that are kept by row and hash to the texts that lie elsewhere, and say how far
    the two readings agree.

    Example: python -m eval data real --data ../texts --out runs/real
    """
    taxonomy = open_application().taxonomy
    joined = join(labels, data, taxonomy)
    out.mkdir(parents=True, exist_ok=True)
    for half in HALVES:
        write_file(out / f"{half}.jsonl", [one.row for one in joined if one.half == half])
    rows = [one.row for one in joined]
    write_file(out / "real.jsonl", rows)
    found = agreement(rows, taxonomy, first=FIRST, second=SECOND)
    results().print(_agreement_table(found, FIRST, SECOND, f"{len(rows)} messages, read twice"))
    people().print(f"written to {out}: real.jsonl, calibration.jsonl, judged.jsonl", markup=False)
