"""The runs of a folder in the order in which they were made: what changed in the prompt since the
run before, what came of it, and what people said.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from eval.run.manifest import FILE, Decider, Manifest, read_manifest
from eval.run.predictions import replace
from eval.run.remarks import Remarks, read_remarks
from eval.run.start import PROMPT_COPY
from eval.verdict.baseline import METRICS
from eval.verdict.checks import Verdict
from eval.verdict.judged import Judged
from eval.verdict.summary import headline
from intent.model.errors import OperatorError

RULING = "ruling.json"
_SHOWN = 60


class Ruling(BaseModel):
    """What a run's gate and its baseline said of it, as it was judged last.

    Attributes:
        gate: None where it was not gated.
        against: name of the baseline; None where there was none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    gate: Verdict | None
    headline: str
    against: str | None


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run of a folder.

    Attributes:
        name: its folder, from the folder of all runs.
        change: what is different from the run before it of the same suite and prompt; for people.
        metrics: as in ``metrics.json``; None where it was not measured.
        ruling: None where it was not judged.
    """

    name: str
    folder: Path
    manifest: Manifest
    change: str
    metrics: dict[str, Any] | None
    ruling: Ruling | None
    remarks: Remarks


def track_of(manifest: Manifest) -> tuple[str, str]:
    """Return suite and prompt (or who decides without one): what a trend is drawn of."""
    decider = manifest.decider
    return manifest.suite, decider.by if decider.prompt_name == "none" else decider.prompt_name


def keep_ruling(folder: Path, judged: Judged) -> None:
    """Write down what came of holding a run against its baseline."""
    against = judged.comparison.before.name if judged.comparison is not None else None
    gate = judged.gate.verdict if judged.gate is not None else None
    said = Ruling(gate=gate, headline=headline(judged), against=against)
    replace(folder / RULING, (said.model_dump_json(indent=1) + "\n").encode())


def past_runs(home: Path, prompt: str | None = None) -> list[PastRun]:
    """Return the finished runs under a folder, oldest first.

    Args:
        prompt: only those of the prompt of this name.

    Raises:
        OperatorError: there is none.
    """
    found: list[PastRun] = []
    last: dict[tuple[str, str], tuple[Path, Manifest]] = {}
    read = [(path.parent, read_manifest(path.parent)) for path in sorted(home.rglob(FILE))]
    for folder, manifest in sorted(read, key=lambda each: (each[1].started, str(each[0]))):
        if manifest.finished is None or prompt not in {None, manifest.decider.prompt_name}:
            continue
        track = track_of(manifest)
        before = last.get(track)
        last[track] = (folder, manifest)
        found.append(
            PastRun(
                name=folder.relative_to(home).as_posix(),
                folder=folder,
                manifest=manifest,
                change=what_changed(before, (folder, manifest)) if before else "the first",
                metrics=_json(folder / METRICS),
                ruling=_ruling(folder / RULING),
                remarks=read_remarks(folder),
            )
        )
    if not found:
        which = f" of the prompt {prompt}" if prompt else ""
        raise OperatorError(
            f"{home} has no finished run{which}; make one with: python -m eval run --suite SUITE "
            f"-o {home}/NAME"
        )
    return found


def what_changed(before: tuple[Path, Manifest], after: tuple[Path, Manifest]) -> str:
    """Return in a few words what is different between two runs: prompt, model, settings, data."""
    old, new = before[1].decider, after[1].decider
    parts = []
    if old.prompt != new.prompt:
        parts.append(_prompt_change(before[0], after[0]))
    parts += [
        f"{word} {getattr(old, name)} → {getattr(new, name)}"
        for name, word in (("llm", "LLM"), ("model", "model"), ("by", "by"))
        if getattr(old, name) != getattr(new, name)
    ]
    parts += _settings(old, new)
    if before[1].dataset_hash != after[1].dataset_hash:
        parts.append("other messages or labels")
    return "; ".join(parts) or "nothing"


def _settings(old: Decider, new: Decider) -> list[str]:
    names = sorted({*old.settings, *new.settings})
    return [
        f"{name} {old.settings.get(name, '(its own)')} → {new.settings.get(name, '(its own)')}"
        for name in names
        if old.settings.get(name) != new.settings.get(name)
    ]


def _prompt_change(before: Path, after: Path) -> str:
    texts = [_text(folder / PROMPT_COPY) for folder in (before, after)]
    if texts[0] is None or texts[1] is None:
        return "prompt changed (its text was not kept)"
    return diff_summary(texts[0], texts[1]) or "settings or examples of the prompt changed"


def diff_summary(before: str, after: str) -> str:
    """Return how many lines came and went, and the first of them; nothing where none did."""
    lines = [
        line
        for line in difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
        if line[:1] in {"+", "-"} and line[:3] not in {"+++", "---"}
    ]
    if not lines:
        return ""
    came = sum(line.startswith("+") for line in lines)
    first = next((line for line in lines if line.startswith("+") and line[1:].strip()), lines[0])
    shown = " ".join(first[1:].split())
    shown = shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"
    return f"+{came} −{len(lines) - came} lines: {'+' if first[0] == '+' else '−'} {shown}"


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _json(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found


def _ruling(path: Path) -> Ruling | None:
    try:
        return Ruling.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
