"""The whole search: which messages teach, which choose and which judge, and what comes of it."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from eval.optimise.candidate import Candidate, as_it_is, write
from eval.optimise.dev_judgement import Judgement, judged
from eval.optimise.proposing import ExampleProposer, ReflectingProposer
from eval.optimise.reflection import Reflection
from eval.optimise.search import Search, SearchStep, search
from eval.optimise.trying import RunTries, write_suite
from eval.run.assemble import settings_of, without_examples
from eval.run.items import Item, load_items
from eval.run.request import RunRequest
from eval.run.suite import Suite, load_suite
from intent.bootstrap.application import Application
from intent.bootstrap.llm import build_prompt
from intent.classify.llm.prompt import PREFIX_TOKENS, Prompt, load_prompt
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """How much is tried.

    Attributes:
        tries: candidates at most.
        lesson: messages that are reflected on at once, in whole rooms.
        choosing: messages by which parents and finalists are chosen.
        judging: messages on which finalists are judged; None for all.
        finalists: candidates that are judged, at most.
        seed: of every draw.
    """

    tries: int = 20
    lesson: int = 20
    choosing: int = 200
    judging: int | None = None
    finalists: int = 3
    seed: int = 20261120


@dataclass(frozen=True, slots=True)
class Optimised:
    """What came of it."""

    prompt: Prompt
    search: Search
    judgements: Sequence[Judgement]


def optimise(
    request: RunRequest,
    plan: SearchPlan,
    *,
    reflect_with: str | None = None,
    told: Callable[[SearchStep], None] = lambda step: None,
) -> Optimised:
    """Search on train, judge on dev; the test split is never read.

    Args:
        request: suite, prompt, LLM, store and money; ``out`` is the folder of the search, and what
            lies there already is not made again.
        reflect_with: id of the LLM that reflects; None for the one that decides.

    Raises:
        OperatorError: the suite is not asked by an LLM, has too few rooms, or no LLM is configured.
        TemplateError: the prompt is wrong.
    """
    suite = load_suite(request.suite)
    if suite.by == "local":
        raise OperatorError(
            f"suite {suite.name} is decided by the local model, which has no prompt; name one that "
            "an LLM decides, such as eval/suites/llm.yaml"
        )
    app = Application(settings_of(request))
    prompt, taxonomy = build_prompt(app, request.prompt or suite.prompt), app.taxonomy
    teaching, judging = _messages(suite, prompt, plan)
    lessons, choosing = _lessons(teaching, plan)
    used = {*choosing, *(key for lesson in lessons for key in lesson)}
    taught = [item for item in teaching if item.row.id in used]
    folder = request.out
    tries = _tries(request, suite, taught, prompt, folder, taxonomy, "teaching")
    with closing(Reflection(request, prompt.front.name, reflect_with)) as reflection:
        proposers = _proposers(reflection, _check(prompt, folder, taxonomy))
        options = {"most": plan.tries, "seed": plan.seed}
        found = search(as_it_is(prompt), tries, proposers, lessons, choosing, told=told, **options)
    finalists = found.finalists(plan.finalists)
    if not finalists:
        return Optimised(prompt, found, ())
    dev = _tries(request, suite, judging, prompt, folder, taxonomy, "judging")
    ids = [item.row.id for item in judging]
    base = dev.finished(found.pool[0][0], ids)
    runs = [(one, dev.finished(one, ids)) for one in finalists]
    return Optimised(prompt, found, judged(runs, base, taxonomy))


def _proposers(
    reflection: Reflection, check: Callable[[Candidate], int]
) -> Sequence[ReflectingProposer | ExampleProposer]:
    """Return who proposes: two times in three the LLM, else a mistake becomes an example."""
    reflecting = ReflectingProposer(reflection.ask, reflection.model, check)
    return reflecting, reflecting, ExampleProposer(check)


def _messages(suite: Suite, prompt: Prompt, plan: SearchPlan) -> tuple[list[Item], list[Item]]:
    splits = {}
    for split in ("train", "dev"):
        own = suite.model_copy(update={"splits": (split,)})
        splits[split] = without_examples(load_items(own), prompt)
    judging = _some_rooms(splits["dev"], plan.judging or len(splits["dev"]), plan.seed)
    return splits["train"], judging


def _lessons(items: Sequence[Item], plan: SearchPlan) -> tuple[list[list[str]], list[str]]:
    """Return ids of messages for choosing, and of those to reflect on, a few rooms at once."""
    choosing = _some_rooms(items, plan.choosing, plan.seed)
    held = {item.room for item in choosing}
    rest = [item for item in items if item.room not in held]
    rest = _some_rooms(rest, plan.lesson * plan.tries, plan.seed + 1)
    lessons: list[list[str]] = [[]]
    for item in rest:
        if len(lessons[-1]) >= plan.lesson:
            lessons.append([])
        lessons[-1].append(item.row.id)
    if not lessons[0]:
        raise OperatorError(
            f"the train split has only {len(items)} messages in {len({i.room for i in items})} "
            "rooms: none are left to reflect on; take fewer with --choosing"
        )
    return lessons, [item.row.id for item in choosing]


def _some_rooms(items: Sequence[Item], count: int, seed: int) -> list[Item]:
    """Return whole rooms, in a drawn order, until there are so many messages."""
    rooms: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        rooms.setdefault(item.room, []).append(item)
    order = sorted(rooms)
    random.Random(seed).shuffle(order)  # noqa: S311  a repeatable draw, not a secret
    return [item for room in order for item in rooms[room]][:count]


def _tries(
    request: RunRequest,
    suite: Suite,
    items: Sequence[Item],
    prompt: Prompt,
    folder: Path,
    taxonomy: Taxonomy,
    name: str,
) -> RunTries:
    path = write_suite(suite, [item.row for item in items], folder, name)
    asked = dataclasses.replace(request, suite=path, by="llm")
    return RunTries(asked, prompt, folder, taxonomy, {item.row.id: item for item in items})


def _check(prompt: Prompt, folder: Path, taxonomy: Taxonomy) -> Callable[[Candidate], int]:
    def room(candidate: Candidate) -> int:
        draft = write(candidate, prompt, folder / "prompts" / "draft")
        return PREFIX_TOKENS[1] - load_prompt(draft / prompt.path.name, taxonomy).prefix_tokens

    return room
