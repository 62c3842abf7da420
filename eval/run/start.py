"""Turns what a person asked for into a run: the same settings and bootstrap as the service, no second path."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from eval.run.items import Item, chosen, load_items, parse_filters
from eval.run.manifest import Decider, Manifest, code_hash, dataset_hash, from_here, now, versions
from eval.run.runner import execute
from eval.run.subject import LocalSubject, Subject
from eval.run.suite import By, Suite, load_suite
from intent import bootstrap
from intent.classify.modelfile import DESCRIPTION, Description
from intent.errors import OperatorError
from intent.resources import locate
from intent.settings import Settings, load_settings

SEED = 20261120


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked for.

    Attributes:
        by: who decides; None for what the suite says.
        model: folder of a local model; None for the one that ships.
        lead_threshold: take this instead of the model's own, in (0, 1).
        jobs: batches at a time.
        fresh: decide and ask again what was decided or asked before.
        offline: refuse to call anybody.
    """

    suite: Path
    out: Path
    by: By | None = None
    model: Path | None = None
    prompt: str | None = None
    lead_threshold: float | None = None
    filters: tuple[str, ...] = ()
    sample: int | None = None
    repeat: int = 1
    jobs: int = 1
    seed: int = SEED
    resume: bool = False
    fresh: bool = False
    offline: bool = False
    command: str = ""


def start(request: Request, progress: Callable[[int, int], None] = lambda decided, total: None) -> Manifest:
    """Make a run.

    Raises:
        OperatorError: something that was asked for cannot be had; the text says what and how to mend it.
    """
    suite = load_suite(request.suite)
    items = chosen(load_items(suite), parse_filters(request.filters), sample=request.sample, seed=request.seed)
    subject = _subject(request, suite)
    manifest = describe(request, suite, items, subject.decider)
    total = len(items) * request.repeat
    return execute(request.out, manifest, items, subject, resume=request.resume, jobs=request.jobs, progress=lambda decided: progress(decided, total))


def _subject(request: Request, suite: Suite) -> Subject:
    by = request.by or suite.by
    settings = load_settings()
    if request.fresh:
        settings = settings.model_copy(update={"cache_size": 0})
    if request.model or request.lead_threshold is not None:
        settings = settings.model_copy(update={"model_dir": _model(request, settings)})
    if by == "local":
        return local_subject(settings, request.lead_threshold)
    raise OperatorError(f"suite {suite.name} asks for {by}, which is not there yet; use --by local")


def local_subject(settings: Settings, lead_threshold: float | None) -> LocalSubject:
    """Return the local model as the worker gets it."""
    classifier = bootstrap.build_classifier(settings)
    made = classifier.versions
    chosen_by_hand: dict[str, str | float | bool] = {} if lead_threshold is None else {"lead_threshold": lead_threshold}
    return LocalSubject(
        classifier, Decider(by="local", taxonomy=made.taxonomy, model=made.model, calibration=made.calibration, settings=chosen_by_hand)
    )


def _model(request: Request, settings: Settings) -> Path:
    """Return the folder of the model; with a threshold by hand, a copy of it inside the run that differs in nothing else."""
    model = request.model or settings.model_dir or locate("models") / "lead_intent"
    if request.lead_threshold is None:
        return model
    copy = request.out.with_name(f"{request.out.name}.model")
    try:
        shutil.copytree(model, copy, dirs_exist_ok=True)
        description = Description.model_validate_json((copy / DESCRIPTION).read_bytes())
    except OSError as error:
        raise OperatorError(f"the model {model} cannot be copied to {copy}: {error}; give another folder with -o") from error
    changed = description.model_copy(update={"lead_threshold": request.lead_threshold})
    (copy / DESCRIPTION).write_text(changed.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return copy


def describe(request: Request, suite: Suite, items: list[Item], decider: Decider) -> Manifest:
    """Return the manifest of a run that begins now."""
    return Manifest(
        suite=suite.name,
        suite_file=from_here(request.suite),
        dataset=from_here(suite.dataset),
        dataset_hash=dataset_hash(items),
        splits=suite.splits,
        filters={dimension: tuple(sorted(values)) for dimension, values in parse_filters(request.filters).items()},
        sample=request.sample,
        repeat=request.repeat,
        seed=request.seed,
        items=len(items),
        decider=decider,
        code=code_hash(),
        versions=versions(),
        command=request.command,
        started=now(),
    )
