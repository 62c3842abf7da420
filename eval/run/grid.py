"""One run for each prompt and each LLM that were asked for: the requests behind a side-by-side."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from eval.run.request import RunRequest
from eval.run.suite import Suite
from intent.model.errors import OperatorError

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def spread(
    asked: RunRequest, suite: Suite, prompts: Sequence[str], llms: Sequence[str]
) -> list[RunRequest]:
    """Return a request for every prompt with every LLM, each with a folder of its own in the one
    that was asked for; the request itself, with both filled in, where there is only one of each.

    Args:
        prompts, llms: none for what the suite lists, or else for its own prompt and that prompt's
            model.

    Raises:
        OperatorError: one is named twice, or there is nobody to ask with several.
    """
    given: tuple[str | None, ...] = tuple(prompts) or suite.prompts or (None,)
    models: tuple[str | None, ...] = tuple(llms) or suite.llms or (None,)
    for kind, names in (("prompt", given), ("LLM", models)):
        if len(set(names)) != len(names):
            raise OperatorError(f"the {kind} {_twice(names)} is named twice; name it once")
    pairs = [(prompt, llm) for prompt in given for llm in models]
    if len(pairs) == 1:
        prompt, llm = pairs[0]
        return [dataclasses.replace(asked, prompt=prompt, llm=llm)]
    if (asked.by or suite.by) == "local":
        raise OperatorError(
            "the local model has no prompt and asks no LLM: say --by llm or --by cascade, or name "
            "one --prompt and one --llm"
        )
    folders = _names(pairs, several=(len(given) > 1, len(models) > 1))
    return [
        dataclasses.replace(asked, prompt=prompt, llm=llm, out=asked.out / folder)
        for (prompt, llm), folder in zip(pairs, folders, strict=True)
    ]


def _names(pairs: Sequence[tuple[str | None, str | None]], several: tuple[bool, bool]) -> list[str]:
    """Return a folder's name for each pair, of what tells them apart."""
    names: list[str] = []
    for pair in pairs:
        told = [word for word, many in zip(pair, several, strict=True) if word and many]
        name = _UNSAFE.sub("_", "-".join(told)).lstrip(".")
        names.append(f"{name}-{len(names) + 1}" if name in names else name)
    return names


def _twice(names: tuple[str | None, ...]) -> str:
    return next(str(name) for name in names if names.count(name) > 1)
