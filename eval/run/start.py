"""Turns what a person asked for into a run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from eval.run.assemble import assemble, settings_of, without_examples
from eval.run.items import Item, chosen, load_items, parse_filters
from eval.run.manifest import (
    FAILURES_OF,
    Decider,
    Manifest,
    code_hash,
    dataset_hash,
    from_here,
    now,
    versions,
    write_manifest,
)
from eval.run.predictions import replace
from eval.run.request import RunRequest
from eval.run.runner import execute
from eval.run.suite import Suite, load_suite
from intent.bootstrap.application import Application
from intent.bootstrap.llm import build_prompt
from intent.model.errors import OperatorError

PROMPT_COPY = "prompt.prompty"
"""The prompt as it was when a run was made, in the run's folder: what changed since is told by it.
"""


def start(
    request: RunRequest, progress: Callable[[int, int], None] = lambda decided, total: None
) -> Manifest:
    """Make a run.

    Raises:
        OperatorError: something that was asked for cannot be had; the text says what and how to
            mend it.
        TemplateError: the prompt is wrong.
        LlmUnavailable, LlmForbidden: the LLM cannot be asked; ``resume`` goes on from what was
            decided.
    """
    suite, everything, items = laid_out(request)
    with ExitStack() as closing:
        subject = assemble(request, suite, everything, closing)
        manifest = describe(request, suite, items, subject.decider)
        total = len(items) * request.repeat

        def told(decided: int) -> None:
            progress(decided, total)

        done = execute(
            request.out,
            manifest,
            items,
            subject,
            resume=request.resume,
            jobs=request.jobs,
            progress=told,
        )
        if (request.by or suite.by) != "local":
            prompt = build_prompt(Application(settings_of(request)), request.prompt or suite.prompt)
            replace(request.out / PROMPT_COPY, prompt.path.read_bytes())
        if subject.replayed:
            done = done.model_copy(update={"replayed": done.replayed + subject.replayed})
            write_manifest(request.out, done)
        return done


def laid_out(request: RunRequest) -> tuple[Suite, list[Item], list[Item]]:
    """Return the suite, all its messages, and those of the run.

    Raises:
        OperatorError, TemplateError: suite, dataset or prompt cannot be read, or nothing is chosen.
    """
    suite = load_suite(request.suite)
    everything = load_items(suite)
    if suite.without_examples:
        everything = without_examples(
            everything,
            build_prompt(Application(settings_of(request)), request.prompt or suite.prompt),
        )
    return suite, everything, _chosen(request, everything)


def _chosen(request: RunRequest, everything: list[Item]) -> list[Item]:
    items = everything
    if request.failures is not None:
        items = [item for item in everything if item.row.id in request.failures.ids]
        if not items:
            raise OperatorError(
                f"{request.failures.run} decided every message right that the suite still has: "
                "there is nothing to run again"
            )
    return chosen(items, parse_filters(request.filters), sample=request.sample, seed=request.seed)


def describe(request: RunRequest, suite: Suite, items: list[Item], decider: Decider) -> Manifest:
    """Return the manifest of a run that begins now."""
    filters = {
        dimension: tuple(sorted(values))
        for dimension, values in parse_filters(request.filters).items()
    }
    if request.failures is not None:
        filters[FAILURES_OF] = (from_here(request.failures.run),)
    return Manifest(
        suite=suite.name,
        suite_file=from_here(request.suite),
        dataset=from_here(suite.dataset),
        dataset_hash=dataset_hash(items),
        splits=suite.splits,
        filters=filters,
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
