"""A prompt that is tried: the file and its examples as text, how it came about, and its difference
from another.
"""

from __future__ import annotations

import difflib
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from intent.classify.llm.prompt import Prompt
from intent.model.errors import OperatorError

_SYSTEM = re.compile(r"^system:[ \t]*\n(.*?)^user:[ \t]*$", re.DOTALL | re.MULTILINE)
_BRACES = ("{{", "}}", "{%", "%}", "{#", "#}")


class EditRefused(Exception):
    """An edit cannot be made; the text says why, for whoever has proposed it."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A part of the system section, and what takes its place."""

    find: str
    replace: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A prompt that is tried.

    Attributes:
        number: 0 for the prompt that the search begins with.
        body: text of the ``.prompty`` file.
        examples: text of its examples file.
        parent: number of the candidate that it was made from.
        why: what led to it, for people.
    """

    number: int
    body: str
    examples: str
    parent: int | None = None
    why: str = "the prompt as it is"


def as_it_is(prompt: Prompt) -> Candidate:
    """Return the prompt that the search begins with."""
    examples = prompt.path.parent / prompt.front.examples
    return Candidate(
        0, prompt.path.read_text(encoding="utf-8"), examples.read_text(encoding="utf-8")
    )


def system_section(body: str) -> str:
    """Return the part of a prompt file that may be edited."""
    found = _SYSTEM.search(body)
    if found is None:
        raise EditRefused("the prompt has no system section")
    return found[1]


def edited(body: str, edits: Sequence[Edit]) -> str:
    """Return a prompt file with edits in its system section, made one after the other.

    Raises:
        EditRefused: a part does not stand there exactly once, nothing would change, or the edit
            touches the template's own marks, which are code.
    """
    if not edits:
        raise EditRefused("there is no edit")
    before = section = system_section(body)
    for one in edits:
        if any(brace in text for brace in _BRACES for text in (one.find, one.replace)):
            raise EditRefused("an edit holds {{ or {%, which are the template's own marks")
        if re.search(r"^[a-z]+:[ \t]*$", one.replace, re.MULTILINE):
            raise EditRefused("an edit holds a line that would begin another section")
        times = section.count(one.find) if one.find else 0
        if times != 1:
            raise EditRefused(f"{one.find[:80]!r} stands {times} times in it, not once")
        section = section.replace(one.find, one.replace)
    if section == before:
        raise EditRefused("the edits change nothing")
    return body.replace(before, section, 1)


def with_example(examples: str, example: dict[str, object], place: int | None) -> str:
    """Return an examples file with one more example, or with another at a place.

    Raises:
        EditRefused: its text stands there already.
    """
    head = "".join(f"{line}\n" for line in examples.splitlines() if line.startswith("#"))
    held = yaml.safe_load(examples)["examples"]
    if any(one["text"] == example["text"] for one in held):
        raise EditRefused("the example stands there already")
    if place is None:
        held.append(example)
    else:
        held[place] = example
    return f"{head}examples:\n{''.join(f'  - {_on_one_line(one)}' for one in held)}"


def _on_one_line(value: object) -> str:
    return yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**9
    )


def write(candidate: Candidate, prompt: Prompt, folder: Path) -> Path:
    """Copy the folder of a prompt, with the candidate in its place, and return the copy.

    Raises:
        OperatorError: it cannot be copied.
    """
    try:
        shutil.copytree(prompt.path.parent, folder, dirs_exist_ok=True)
        (folder / prompt.path.name).write_text(candidate.body, encoding="utf-8")
        (folder / prompt.front.examples).write_text(candidate.examples, encoding="utf-8")
    except OSError as error:
        raise OperatorError(
            f"the prompts cannot be copied to {folder}: {error}; give another folder with -o"
        ) from error
    return folder


def difference_between(before: Candidate, after: Candidate, prompt: Prompt) -> str:
    """Return the unified diff of prompt file and examples; empty where they are the same."""
    pairs = (
        (prompt.path.name, before.body, after.body),
        (prompt.front.examples, before.examples, after.examples),
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n"
        for name, old, new in pairs
        for line in difflib.unified_diff(
            old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{name}", f"b/{name}"
        )
    )
