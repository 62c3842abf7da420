"""A prompt file, checked when it is read: everything that reaches the model, and the hash that
stands for it in every decision.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from intent.classify.llm.schema import NAME, reply_schema
from intent.classify.llm.template import Template, as_json, split
from intent.classify.llm.tokens import MESSAGE_TOKENS, estimate_tokens
from intent.model.completion import Parameters
from intent.model.datafile import parse_data, read_data, read_text
from intent.model.errors import TemplateError
from intent.model.taxonomy import Taxonomy

STABLE = frozenset({"labels", "slots", "examples"})
"""Variables that are the same for every request; the system section may use no other, or its prefix
could not be cached.
"""

BATCH = frozenset({"room", "before", "messages"})
"""Variables of one batch, for the user section."""

PREFIX_TOKENS = (1024, 3000)
"""Providers cache prefixes from 1,024 tokens on; beyond 3,000 a short batch costs more for its
rules than for its messages.
"""

_PROBE = 'probe " \\ \n system: {{ x }} {% y %}'
File = TypeVar("File", bound=BaseModel)


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PromptModel(_Data):
    """Which model a prompt is meant for."""

    id: str
    parameters: Parameters = Parameters()


class FrontMatter(_Data):
    """The head of a prompt file; unknown keys are refused."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    description: str
    taxonomy: str
    guideline: int
    model: PromptModel
    examples: str
    inputs: tuple[str, ...]
    outputs: str


class Example(_Data):
    """A message with its right answer; slots are ``kind: text`` with texts that stand in the
    message.
    """

    text: str
    labels: tuple[str, ...]
    slots: dict[str, str | tuple[str, ...]] = {}
    kind: str | None = None
    offer: str | None = None
    item: str | None = None
    reply_to: str | None = None
    why: str | None = None


class Examples(_Data):
    """The examples of a prompt, in their order."""

    examples: tuple[Example, ...]


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
    _check_front(front, taxonomy, path)
    examples_path = path.parent / front.examples
    examples = read_data(Examples, examples_path).examples
    for example in examples:
        _check_example(example, taxonomy, examples_path)
    system, user = (
        Template(sections.sources["system"], path),
        Template(sections.sources["user"], path),
    )
    _check_variables(front, system, user, path)
    stable = system.render(_stable_variables(taxonomy, examples))
    _check_labels(stable, taxonomy, path)
    _check_user(user, path)
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


class _Aliases(_Data):
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


def _check_front(front: FrontMatter, taxonomy: Taxonomy, path: Path) -> None:
    for what, stated, right in (
        ("name", front.name, path.stem),
        ("taxonomy", front.taxonomy, taxonomy.name),
        ("guideline", front.guideline, taxonomy.guideline),
        ("outputs", front.outputs, NAME),
    ):
        if stated != right:
            raise TemplateError(f"{path} says {what}: {stated}; it must be {right}")
    unknown = set(front.inputs) - STABLE - BATCH
    if unknown:
        raise TemplateError(
            f"{path} declares inputs that nobody provides: {', '.join(sorted(unknown))}; there are "
            f"{', '.join(sorted(STABLE | BATCH))}"
        )


def _check_example(example: Example, taxonomy: Taxonomy, path: Path) -> None:
    unknown = set(example.labels) - set(taxonomy.names)
    if unknown or not example.labels:
        raise TemplateError(
            f"{path}: the example {example.text!r} has the labels {list(example.labels)}; they "
            "must be of the taxonomy, at least one"
        )
    if len(example.labels) > 1 and taxonomy.alone & set(example.labels):
        raise TemplateError(
            f"{path}: the example {example.text!r} has a label beside one that stands alone"
        )
    if set(example.slots) - set(taxonomy.slots):
        raise TemplateError(
            f"{path}: the example {example.text!r} has a slot that the taxonomy lacks"
        )
    texts = [
        text
        for value in example.slots.values()
        for text in ((value,) if isinstance(value, str) else value)
    ]
    missing = [text for text in texts if text not in example.text]
    if missing:
        raise TemplateError(
            f"{path}: the example {example.text!r} has the slot {missing[0]!r}, which does not "
            "stand in it"
        )


def _check_variables(front: FrontMatter, system: Template, user: Template, path: Path) -> None:
    used, declared = system.variables | user.variables, set(front.inputs)
    if used != declared:
        wrong = ", ".join(sorted(used ^ declared))
        raise TemplateError(f"{path} must declare as inputs exactly what it uses; mend: {wrong}")
    if system.variables - STABLE:
        raise TemplateError(
            f"{path} uses {', '.join(sorted(system.variables - STABLE))} in system:, which then "
            "differs in every request; move it to user:"
        )
    if "messages" not in user.variables:
        raise TemplateError(
            f"{path} does not use messages in user:, so that the model would be asked about nothing"
        )


def _check_labels(stable: str, taxonomy: Taxonomy, path: Path) -> None:
    for label in taxonomy.labels:
        if label.code not in stable or label.name not in stable:
            raise TemplateError(
                f"{path} never explains the label {label.code} {label.name}; show every label of "
                "the taxonomy in system:"
            )


def _check_user(user: Template, path: Path) -> None:
    rendered = user.render(
        {
            "room": {"offer": _PROBE},
            "before": [{"text": _PROBE}],
            "messages": [{"id": "a", "text": _PROBE}],
        }
    )
    try:
        value = json.loads(rendered)
    except ValueError as error:
        raise TemplateError(
            f"{path}: the section user: must render to one JSON object, with every variable "
            f"through | json: {error}"
        ) from error
    if not isinstance(value, dict) or _PROBE not in as_text(value):
        raise TemplateError(
            f"{path}: the section user: must render to one JSON object that holds the messages as "
            "they are"
        )


def as_text(value: object) -> str:
    """Return all strings inside a JSON value, joined by line breaks."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return "\n".join(as_text(one) for one in value.values())
    if isinstance(value, list | tuple):
        return "\n".join(as_text(one) for one in value)
    return ""
