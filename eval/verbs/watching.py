"""The quick loop, ``run --watch``: what an edit can change is run again, and held against the run
before.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from eval.run.depends import digests
from eval.run.request import RunRequest
from eval.verbs.outcome import REPORT, finish
from eval.verdict.compare import Comparison
from eval.verdict.numbers import number, signed
from intent.cli.screen import fail, one_line, say
from intent.model.errors import IntentError

Watch = Annotated[
    bool,
    typer.Option(
        "--watch",
        help="stay, and run again what an edit of prompt, examples, taxonomy or model can change, "
        "each time in a numbered folder; Ctrl-C leaves",
    ),
]

_SHOWN = ("lead_f1", "macro_f1", "slot_f1", "cost_per_1000", "valid_at_first_try", "usd_per_1000")
_MOST_FLIPS = 10
_POLL = 1.0
"""Seconds between two looks at the files."""


def keep_watching(
    requests: Sequence[RunRequest],
    carry_out: Callable[[RunRequest], object],
    wait: Callable[[float], object] = time.sleep,
) -> None:
    """Run again what edits can change, until somebody leaves with Ctrl-C.

    Args:
        requests: what was run already, each in its folder.
        carry_out: makes a run.
        wait: told how many seconds to wait before the next look at the files.
    """
    last = {request.out: request.out for request in requests}
    seen = {request.out: digests(request) for request in requests}
    say(f"watching {len(set().union(*seen.values()))} files; Ctrl-C leaves")
    try:
        while True:
            wait(_POLL)
            for request in requests:
                now = digests(request, seen[request.out])
                changed = sorted(
                    path.name
                    for path, digest in now.items()
                    if digest != seen[request.out].get(path, digest)
                )
                seen[request.out] = now
                if changed:
                    say(f"{', '.join(changed)} changed")
                    last[request.out] = _again(request, last[request.out], carry_out)
    except KeyboardInterrupt:
        say("left")


def _again(request: RunRequest, before: Path, carry_out: Callable[[RunRequest], object]) -> Path:
    """Make a run beside the first and say what changed; return the run to hold the next against.

    A file that is being edited may be wrong for a while: that is told, and the next edit waited
    for.
    """
    folder = numbered(request.out)
    try:
        carry_out(replace(request, out=folder, resume=False))
        judged = finish(folder, against=before, quiet=True)
    except IntentError as error:
        fail(str(error))
        return before
    if judged.comparison is not None:
        for line in changes(judged.comparison):
            say(line)
    say(f"open {folder / REPORT}")
    return folder


def numbered(first: Path) -> Path:
    """Return the next folder beside the first run that does not exist yet."""
    beside = (first.with_name(f"{first.name}-{place}") for place in itertools.count(2))
    return next(folder for folder in beside if not folder.exists())


def changes(comparison: Comparison) -> list[str]:
    """Return a few metrics and the flips against the run before, one thing a line."""
    lines = [
        f"{one.title} {number(one.before)} → {number(one.after)} ({signed(one.change.value)}, "
        f"{one.judgement})"
        for one in comparison.overall
        if one.metric in _SHOWN
    ]
    kinds = [flip.kind for flip in comparison.flips]
    counted = ", ".join(f"{kinds.count(kind)} {kind}" for kind in ("worse", "better", "other"))
    lines.append(f"{len(kinds)} messages are decided otherwise: {counted}")
    for flip in comparison.flips[:_MOST_FLIPS]:
        text = comparison.after.items[flip.id].row.input.text
        before, after, right = (
            ", ".join(labels) or "nothing" for labels in (flip.before, flip.after, flip.right)
        )
        slots = f"; slots: {flip.slots_after or 'right'}" if flip.slot_gain else ""
        lines.append(
            f"{flip.kind:6} {flip.id}: {before} → {after}, right is {right}{slots}: "
            f"{one_line(text, 60)}"
        )
    return lines
