"""Decides the messages of a run batch by batch, and goes on where a killed run stopped.

A batch counts as done when all of its predictions are on the disk, so that a resumed run decides
the same batches as one that was never killed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from eval.run.items import Item
from eval.run.manifest import FILE, Manifest, now, read_manifest, write_manifest
from eval.run.predictions import Prediction, append, lines_of, read_predictions, replace
from eval.run.subject import Subject
from intent.model.errors import OperatorError

PREDICTIONS = "predictions.jsonl"


@dataclass(frozen=True, slots=True)
class _Job:
    repeat: int
    batch: list[Item]

    @property
    def keys(self) -> list[tuple[int, str]]:
        return [(self.repeat, item.row.id) for item in self.batch]


def execute(
    folder: Path,
    manifest: Manifest,
    items: Sequence[Item],
    subject: Subject,
    *,
    resume: bool = False,
    jobs: int = 1,
    progress: Callable[[int], None] = lambda decided: None,
) -> Manifest:
    """Make the run in ``folder``, and return its finished manifest.

    Args:
        jobs: how many batches are decided at a time.
        progress: told how many messages are decided, after every batch.

    Raises:
        OperatorError: the folder holds another run, or one already and ``resume`` is not asked for.
        Later, LlmForbidden: from the subject; what was decided stays, and ``resume`` goes on.
    """
    manifest = _opened(folder, manifest, resume=resume)
    plan = [
        _Job(repeat, batch) for repeat in range(manifest.repeat) for batch in subject.batches(items)
    ]
    path = folder / PREDICTIONS
    kept = _whole_batches(plan, read_predictions(path, torn=True))
    if not (manifest.finished and len(kept) == sum(len(job.batch) for job in plan)):
        replace(path, lines_of(kept.values()))
        progress(len(kept))
        for answers in _decided([job for job in plan if job.keys[0] not in kept], subject, jobs):
            append(path, answers)
            kept.update((one.key, one) for one in answers)
            progress(len(kept))
        # Batches may have come in any order: a finished run has one order only.
        replace(
            path,
            lines_of(
                kept[key]
                for repeat in range(manifest.repeat)
                for key in [(repeat, item.row.id) for item in items]
            ),
        )
        manifest = manifest.model_copy(update={"finished": now()})
        write_manifest(folder, manifest)
    return manifest


def _opened(folder: Path, manifest: Manifest, *, resume: bool) -> Manifest:
    if not (folder / FILE).exists():
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise OperatorError(f"{folder} is neither empty nor a run; give another folder with -o")
        write_manifest(folder, manifest)
        return manifest
    before = read_manifest(folder)
    if not resume:
        raise OperatorError(
            f"{folder} holds a run already; go on with --resume, or give another folder with -o"
        )
    different = manifest.differs(before)
    if different:
        raise OperatorError(
            f"{folder} holds another run: {', '.join(different)} changed since it began; give "
            "another folder with -o"
        )
    return before


def _whole_batches(
    plan: Sequence[_Job], found: Sequence[Prediction]
) -> dict[tuple[int, str], Prediction]:
    by_key = {one.key: one for one in found}
    return {
        key: by_key[key]
        for job in plan
        if all(key in by_key for key in job.keys)
        for key in job.keys
    }


def _decided(plan: Sequence[_Job], subject: Subject, jobs: int) -> Iterator[list[Prediction]]:
    if jobs == 1:
        for job in plan:
            yield subject.decide(job.batch, job.repeat)
        return
    waiting = iter(plan)
    with ThreadPoolExecutor(jobs, thread_name_prefix="eval") as pool:
        running: set[Future[list[Prediction]]] = set()
        try:
            while True:
                # No more in flight than threads: after an error nothing is asked that nobody waits
                # for.
                for job in waiting:
                    running.add(pool.submit(subject.decide, job.batch, job.repeat))
                    if len(running) == jobs:
                        break
                if not running:
                    return
                ready, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ready:
                    yield future.result()
        finally:
            for future in running:
                future.cancel()
