"""The verb that lists what local model, LLM and people do not agree on: disagreements."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from eval.annotation.corrected import corrected
from eval.annotation.sheet import harmless
from eval.measure.contested import Contested, Voice, contested
from eval.measure.finished import load_run
from intent.bootstrap.application import open_application
from intent.cli.screen import json_line, one_line, people, results
from intent.store.access import Access


def disagreements(
    folder: Annotated[Path | None, typer.Argument(metavar="[RUN]", help="folder of a run")] = None,
    corrections: Annotated[
        bool,
        typer.Option(
            "--corrections", help="what people corrected in the service's database, not a run"
        ),
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="at most so many; default: 50 in the table, else all")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object a line")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="print CSV, for a spreadsheet")] = False,
) -> None:
    """List the messages about which the local model, the LLM and annotators do not say the same,
    with what each said and what it costs; the costliest first. What is at stake is the most that
    one would cost if another were right; beside each label, what it costs if what is expected is.

    Examples: python -m eval disagreements runs/mine · python -m eval disagreements --corrections ·
    python -m eval data queue runs/mine --from disagreements -o queue.jsonl
    """
    if as_json and as_csv:
        raise typer.BadParameter("say --json or --csv, not both")
    if (folder is None) != corrections:
        raise typer.BadParameter("give a RUN, or --corrections")
    app = open_application(access=Access.READ)
    if folder is None:
        found, source = corrected(app), "--from corrections"
    else:
        found = contested(load_run(folder, app.taxonomy), app.taxonomy)
        source = f"{folder} --from disagreements"
    if as_json:
        for one in found[:limit]:
            json_line(_told(one))
    elif as_csv:
        _write_csv(found[:limit])
    else:
        results().print(_table(found[: limit or 50]))
    people().print(
        f"{len(found)} messages are not agreed on; people differ about "
        f"{sum(one.people_differ for one in found)}, {sum(one.settled for one in found)} are "
        f"settled; label them with: python -m eval data queue {source} -o queue.jsonl",
        markup=False,
        soft_wrap=True,
    )


def _told(one: Contested) -> dict[str, object]:
    return {
        "row": one.row.id,
        "stake": one.stake,
        "expected": list(one.row.expected.labels),
        "said": [
            {"by": said.by, "kind": said.kind, "labels": list(said.labels), "cost": said.cost}
            for said in one.voices
        ],
        "settled": one.settled,
        "lang": one.row.metadata.lang,
        "role": one.row.input.author_role.value,
        "text": one.row.input.text,
    }


def _write_csv(found: Sequence[Contested]) -> None:
    names = {(said.kind, said.by): None for one in found for said in one.voices}
    order = sorted(names, key=lambda name: ["local", "llm", "person"].index(name[0]))
    # A person may be called as a machine is.
    titles = [
        by if kind != "person" or (by, by) not in names else f"{by} (person)" for kind, by in order
    ]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    costs = [f"{title} cost" for title in titles]
    writer.writerow(["row", "stake", "expected", *titles, *costs, "settled", "lang", "text"])
    for one in found:
        said = {(voice.kind, voice.by): voice for voice in one.voices}
        cells = [
            one.row.id,
            f"{one.stake:g}",
            "+".join(one.row.expected.labels),
            *("+".join(said[name].labels) if name in said else "" for name in order),
            *(f"{said[name].cost:g}" if name in said else "" for name in order),
            "yes" if one.settled else "",
            one.row.metadata.lang,
            one.row.input.text,
        ]
        writer.writerow([harmless(cell) for cell in cells])


def _table(found: Sequence[Contested]) -> Table:
    table = Table("at stake", "message", "expected", "local", "LLM", "people", "text")
    for one in found:
        parts = [
            _spelled([said for said in one.voices if said.kind == kind])
            for kind in ("local", "llm", "person")
        ]
        settled = " (settled)" if one.settled else ""
        table.add_row(
            f"{one.stake:g}",
            one.row.id,
            ", ".join(one.row.expected.labels) + settled,
            *parts,
            one_line(one.row.input.text, 60),
        )
    return table


def _spelled(voices: Sequence[Voice]) -> str:
    """Return what these said, one line for each thing that was said."""
    by: dict[tuple[tuple[str, ...], float], list[str]] = {}
    for one in voices:
        by.setdefault((one.labels, one.cost), []).append(one.by if one.kind == "person" else "")
    return "\n".join(
        f"{', '.join(names)}{': ' if any(names) else ''}{', '.join(labels)} ({cost:g})"
        for (labels, cost), names in by.items()
    )
