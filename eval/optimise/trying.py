"""Runs candidates as every other run is made, so that they are resumed, replayed and paid for as
runs are.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from eval.data.dataset import SPLITS, Row
from eval.measure.finished import FinishedRun, load_run
from eval.optimise.candidate import Candidate, write
from eval.optimise.search import Mistake, Trial
from eval.run.items import Item
from eval.run.predictions import Prediction, replace
from eval.run.request import RunRequest
from eval.run.shown import shown
from eval.run.start import start
from eval.run.suite import Suite, SuiteJudge, digest
from intent.classify.llm.prompt import Prompt
from intent.model.taxonomy import Taxonomy


def write_suite(suite: Suite, rows: Sequence[Row], folder: Path, name: str) -> Path:
    """Write a suite on some rows of another, with a dataset of its own beside it."""
    data = folder / f"{name}-data"
    data.mkdir(parents=True, exist_ok=True)
    splits = tuple(one for one in SPLITS if any(row.metadata.split == one for row in rows))
    for split in splits:
        lines = [row.model_dump_json() for row in rows if row.metadata.split == split]
        replace(data / f"{split}.jsonl", "".join(f"{line}\n" for line in lines).encode())
    own = suite.model_copy(
        update={
            "name": name,
            "dataset": Path(data.name),
            "splits": splits,
            "by": "llm",
            "without_examples": False,
            "prompts": (),
            "llms": (),
            "judge": SuiteJudge(),
        }
    )
    path = folder / f"{name}.yaml"
    text = yaml.safe_dump(json.loads(own.model_dump_json()), sort_keys=False)
    replace(path, text.encode())
    return path


class RunTries:
    """Runs candidates on messages of one suite; implements ``Tries``."""

    def __init__(
        self,
        request: RunRequest,
        prompt: Prompt,
        folder: Path,
        taxonomy: Taxonomy,
        items: Mapping[str, Item],
    ) -> None:
        """Put together.

        Args:
            request: how to run; its suite holds all messages that are asked for.
            prompt: the prompt whose place candidates take.
            folder: where runs and prompts lie.
            items: the suite's messages by id.
        """
        self._request, self._prompt, self._folder = request, prompt, folder
        self._taxonomy, self._items = taxonomy, items
        self._codes = {label.name: label.code for label in taxonomy.labels}

    def run(self, candidate: Candidate, ids: Sequence[str]) -> Trial:
        """Return what a candidate did on messages.

        Raises:
            BudgetSpent: so much is not left.
        """
        run = self.finished(candidate, ids)
        costs = dict(zip(run.scored.ids, map(float, run.scored.cost), strict=True))
        wrong = [one for one in run.predictions if costs[one.id] > 0]
        wrong.sort(key=lambda one: (-costs[one.id], one.id))
        return Trial(costs, [self._mistake(one, costs[one.id]) for one in wrong])

    def finished(self, candidate: Candidate, ids: Sequence[str]) -> FinishedRun:
        """Return the run of a candidate on messages; one that was made already is read again."""
        prompts = write(candidate, self._prompt, self.prompts_of(candidate))
        name = digest(self._request.suite.read_bytes(), *(one.encode() for one in ids))
        request = dataclasses.replace(
            self._request,
            out=self._folder / "runs" / f"{candidate.number:03}-{name}",
            prompts=prompts,
            prompt=self._prompt.front.name,
            filters=(f"id={','.join(ids)}",),
            resume=True,
        )
        start(request)
        return load_run(request.out, self._taxonomy)

    def prompts_of(self, candidate: Candidate) -> Path:
        """Return where a candidate's prompts lie."""
        return self._folder / "prompts" / f"{candidate.number:03}"

    def _mistake(self, said: Prediction, cost: float) -> Mistake:
        row, seen = self._items[said.id].row, shown(self._items[said.id].message)
        return Mistake(
            row.id,
            seen,
            tuple(self._codes[name] for name in row.expected.labels),
            tuple(self._codes[name] for name in said.labels or ()),
            row.metadata.why or "",
            cost,
            _as_example(row, seen["text"]),
        )


def _as_example(row: Row, text: str) -> Mapping[str, object]:
    """Return a message as an example, under the text that the LLM is shown."""
    context, slots = row.input.context, dict[str, list[str]]()
    for slot in row.expected.slots:
        if slot.text in text:
            slots.setdefault(slot.kind, []).append(slot.text)
    optional = {
        "kind": None if row.input.kind == "comment" else row.input.kind.value,
        "offer": context.offer if context else None,
        "item": context.item if context else None,
        "reply_to": row.input.reply_to.text if row.input.reply_to else None,
        "slots": slots or None,
        "why": row.metadata.why,
    }
    found = {name: value for name, value in optional.items() if value}
    return {"text": text, "labels": list(row.expected.labels), **found}
