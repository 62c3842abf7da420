"""A prompt file, checked when it is read: everything that reaches the model, and the hash that
stands for it in every decision.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from intent.classify.llm.prompt_checks import (
    check_example,
    check_front,
    check_labels,
    check_user,
    check_variables,
)
from intent.classify.llm.promptfile import Example, Examples, FrontMatter, PromptData
from intent.classify.llm.schema import reply_schema
from intent.classify.llm.template import Template, as_json, split
from intent.classify.llm.tokens import MESSAGE_TOKENS, estimate_tokens
from intent.model.datafile import parse_data, read_data, read_text
from intent.model.errors import TemplateError
from intent.model.taxonomy import Taxonomy

PREFIX_TOKENS = (1024, 3000)
"""Providers cache prefixes from 1,024 tokens on; beyond 3,000 a short batch costs more for its
rules than for its messages.
"""

File = TypeVar("File", bound=BaseModel)


@dataclass(frozen=True)
class Prompt:
    """A prompt that passed every check.

    Attributes:
        identity: twelve hexadecimal digits of the SHA-256 of everything that reaches the model, the
            batch excepted.
        stable: text of the system section, byte-identical in every request.
        schema: the strict schema of the reply.
        prefix_tokens: estimated tokens of what stays the same, schema included.
    """

    front: FrontMatter
    identity: str
    stable: str
    user: Template
    schema: Mapping[str, Any]
    prefix_tokens: int
    path: Path

    def chat(
        self,
        room: Mapping[str, Any],
        before: Sequence[Mapping[str, Any]],
        messages: Sequence[Mapping[str, Any]],
    ) -> list[dict[str, str]]:
        """Return the two messages of a request: one of the system, one of the user."""
        text = self.user.render({"room": room, "before": before, "messages": messages})
        return [{"role": "system", "content": self.stable}, {"role": "user", "content": text}]


def load_prompt(path: Path, taxonomy: Taxonomy) -> Prompt:
    """Read and check a prompt file and its examples.

    Raises:
        TemplateError: the file and the mend are named.
    """
    sections = split(read_text(path), path)
    front = parse_data(FrontMatter, sections.front, path)
    check_front(front, taxonomy, path)
    examples_path = path.parent / front.examples
    examples = read_data(Examples, examples_path).examples
    for example in examples:
        check_example(example, taxonomy, examples_path)
    system, user = (
        Template(sections.sources["system"], path),
        Template(sections.sources["user"], path),
    )
    check_variables(front, system, user, path)
    stable = system.render(_stable_variables(taxonomy, examples))
    check_labels(stable, taxonomy, path)
    check_user(user, path)
    schema = reply_schema(taxonomy)
    tokens = estimate_tokens(stable) + estimate_tokens(as_json(schema)) + 2 * MESSAGE_TOKENS
    if not PREFIX_TOKENS[0] <= tokens <= PREFIX_TOKENS[1]:
        raise TemplateError(
            f"{path} has a stable part of about {tokens} tokens; it must have {PREFIX_TOKENS[0]} "
            f"to {PREFIX_TOKENS[1]} to be cached"
        )
    sent = {
        "system": stable,
        "user": user.source,
        "schema": schema,
        "parameters": front.model.parameters.model_dump(),
        "placeholders": 1,
    }
    identity = hashlib.sha256(
        json.dumps(sent, sort_keys=True, ensure_ascii=False).encode("utf-8")
    ).hexdigest()[:12]
    return Prompt(front, identity, stable, user, schema, tokens, path)


def load_alias(directory: Path, name: str, taxonomy: Taxonomy) -> Prompt:
    """Read the prompt that an alias such as ``production``, or a prompt's own name, stands for.

    Raises:
        TemplateError: there is no such prompt, or it is wrong.
    """
    found = aliases(directory).get(name, name)
    path = directory / f"{found}.prompty"
    if not path.is_file():
        known = sorted({*aliases(directory), *(file.stem for file in directory.glob("*.prompty"))})
        raise TemplateError(
            f"there is no prompt {name!r} in {directory}; there are: {', '.join(known)}"
        )
    return load_prompt(path, taxonomy)


def aliases(directory: Path) -> dict[str, str]:
    """Return which prompt every alias stands for.

    Raises:
        TemplateError: ``aliases.yaml`` is missing or wrong.
    """
    path = directory / "aliases.yaml"
    found = read_data(_Aliases, path)
    return {"production": found.production, "candidate": found.candidate}


class _Aliases(PromptData):
    production: str
    candidate: str


def _stable_variables(taxonomy: Taxonomy, examples: Sequence[Example]) -> dict[str, Any]:
    codes = {label.name: label.code for label in taxonomy.labels}
    shown = [
        {**example.model_dump(exclude={"why"}), "labels": [codes[name] for name in example.labels]}
        for example in examples
    ]
    return {
        "labels": [label.model_dump() for label in taxonomy.labels],
        "slots": list(taxonomy.slots),
        "examples": shown,
    }
