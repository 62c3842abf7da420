"""Writes ``docs/faults.md`` from the table of faults and from what runs have noted.

``make faults`` runs every test that injects a fault, the long forms too, and then this.
``python -m tests.faults_page NOTES`` takes notes of a run over, each in the place of those that
earlier runs made of the same test; without notes it writes the page from what is kept.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.fault_classes import BESIDE, CLASSES, FaultClass

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "faults.md"
RECORD = Path(__file__).parent / "faults" / "record.json"
HEAD = """\
# What was made to go wrong, and what it cost

Every class of faults below is injected by tests, again and again, and after each try the same is asked: is every message
that came in decided, dead, taken back or erased, each once; are features what a recomputation from decisions gives; does
no contact detail stand outside the vault? `make test` tries each in a short form, `make faults` in all forms, and then
this page is written from what the run has noted: it is not written by hand.

- **tried**: how often the fault was injected in the runs that are noted here.
- **lost**: messages that came in and are neither decided, dead, taken back nor erased.
- **doubled**: messages that are more than one of these, decided twice, or back from erasure.
- **leaked**: places outside the vault (rows of tables, files of the database, logs, spools) that hold a contact detail;
  a dash where no try of the class carries any.
- **seconds**: of processor time that one try takes, in the mean, with all its processes and with the reckoning behind
  it. A class is tried at least 100 times where that is below one second, and at least 30 times where it is above.

A row of features that a recomputation does not give fails the try, too. A test that fails is not noted here: it fails the
run. What a live platform does not send again while nobody listens cannot be stored; such tests ask that it lies in a gap
that is recorded.

"""
TABLE = """\
| class | fault | how it is injected | on | tried | lost | doubled | leaked | seconds |
|---:|---|---|---|---:|---:|---:|---:|---:|
"""
Note = Mapping[str, Any]


def page_of(record: Mapping[str, Any]) -> str:
    """Return the page that belongs to a record."""
    notes: Sequence[Note] = record["notes"]
    lines = [_line(number, one, notes) for number, one in _numbered()]
    return f"{HEAD}{TABLE}{''.join(lines)}\n{_tests(notes)}\n{_machine(record['machine'])}"


def _numbered() -> list[tuple[str, FaultClass]]:
    classes = [(str(number), one) for number, one in enumerate(CLASSES, start=1)]
    return [*classes, *(("beside", one) for one in BESIDE)]


def _line(number: str, one: FaultClass, noted: Sequence[Note]) -> str:
    notes = [note for note in noted if note["fault"] == one.key]
    backends = sorted({name for note in notes for name in note["backends"]})
    looked = [note["leaked"] for note in notes if note["leaked"] is not None]
    tried, lost, doubled = (
        sum(note[name] for note in notes) for name in ("tried", "lost", "doubled")
    )
    cells = (
        number,
        one.fault,
        one.injected,
        ", ".join(backends),
        f"{tried:,}",
        f"{lost:,}" if notes else "",
        f"{doubled:,}" if notes else "",
        f"{sum(looked):,}" if looked else "–",
        _seconds(notes),
    )
    return f"| {' | '.join(cells)} |\n"


def _seconds(notes: Sequence[Note]) -> str:
    seconds = cost(notes)
    if seconds is None:
        return ""
    return f"{seconds:.2f}" if seconds >= 0.01 else "< 0.01"


def cost(notes: Sequence[Note]) -> float | None:
    """Return the processor seconds of one try in the mean, of those notes alone that know them."""
    timed = [note for note in notes if note.get("seconds")]
    if not timed:
        return None
    return float(sum(note["seconds"] for note in timed) / sum(note["tried"] for note in timed))


def _tests(notes: Sequence[Note]) -> str:
    lines = ["## Which tests\n", "| class | test | on | tried |", "|---:|---|---|---:|"]
    for number, one in _numbered():
        for test, kinds in _grouped(note for note in notes if note["fault"] == one.key).items():
            backends = sorted({name for note in kinds for name in note["backends"]})
            tried = sum(note["tried"] for note in kinds)
            lines.append(f"| {number} | `{test}` | {', '.join(backends)} | {tried:,} |")
    return "\n".join(lines) + "\n"


def _grouped(notes: Iterable[Note]) -> dict[str, list[Note]]:
    groups: dict[str, list[Note]] = {}
    for note in notes:
        groups.setdefault(note["test"].partition("[")[0], []).append(note)
    return dict(sorted(groups.items()))


def _machine(facts: Mapping[str, str]) -> str:
    told = ", ".join(f"{name} {value}" for name, value in sorted(facts.items()))
    return f"Run by `make faults` with {told}; other work ran beside it.\n"


def merged(record: Mapping[str, Any], notes: Iterable[Note]) -> dict[str, Any]:
    """Return the record with new notes; the last of each test counts."""
    kept = {note["test"]: note for note in (*record.get("notes", ()), *notes)}
    return {"machine": machine(), "notes": [kept[name] for name in sorted(kept)]}


def machine() -> dict[str, str]:
    """Return what a run depends on, without its day."""
    from intent.store.sqlite import sqlite_module
    from tests.postgres import BIN

    version = (BIN.parent / "include" / "pg_config.h").read_text(encoding="utf-8")
    postgres = version.partition('#define PG_VERSION "')[2].partition('"')[0]
    return {
        "cores": str(os.cpu_count()),
        "Linux": ".".join(platform.release().split(".")[:2]),
        "Python": platform.python_version(),
        "SQLite": sqlite_module().sqlite_version,
        "PostgreSQL": postgres,
    }


def main(arguments: Sequence[str]) -> None:
    """Take notes over, and write the page."""
    record: dict[str, Any] = (
        json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    )
    lines = [line for name in arguments for line in Path(name).read_text("utf-8").splitlines()]
    if lines:
        record = merged(record, (json.loads(line) for line in lines))
        RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    PAGE.write_text(page_of(record), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
