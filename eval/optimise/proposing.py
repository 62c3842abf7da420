"""Makes new prompts from mistakes: the LLM reflects and edits the rules, or a mistake becomes an
example.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from eval.optimise.candidate import (
    Candidate,
    Edit,
    EditRefused,
    edited,
    system_section,
    with_example,
)
from eval.optimise.search import Mistake
from intent.model.completion import Parameters, Request
from intent.model.errors import TemplateError

SHOWN = 12
"""Mistakes that are reflected on at once, at most."""

ANSWER_TOKENS = 2000

INSTRUCTIONS = Path(__file__).with_name("reflect.txt")
"""What an LLM is told that reflects."""

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["why", "edits"],
    "properties": {
        "why": {"type": "string"},
        "edits": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["find", "replace"],
                "properties": {"find": {"type": "string"}, "replace": {"type": "string"}},
            },
        },
    },
}

Check = Callable[[Candidate], int]
"""Returns by how many tokens the stable part of a candidate's prompt may still grow; raises
TemplateError where the prompt is wrong.
"""


class _Edit(BaseModel):
    model_config = ConfigDict(extra="ignore")

    find: str
    replace: str


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    why: str
    edits: list[_Edit]


@dataclass(frozen=True, slots=True)
class ReflectingProposer:
    """Asks an LLM what the mistakes have in common, and for edits that mend it.

    Attributes:
        ask: sends a request and returns the text of its answer; empty where there is none.
        model: id of the LLM that reflects.
        check: whether a candidate is a prompt that may be sent.
    """

    ask: Callable[[Request], str]
    model: str
    check: Check

    def propose(
        self, parent: Candidate, mistakes: Sequence[Mistake], number: int, _chance: random.Random, /
    ) -> Candidate:
        """Return the parent with the LLM's edits; a refused answer is asked for once more, with
        the reason.
        """
        request = self._request(parent, mistakes)
        answer = self.ask(request)
        try:
            return self._made(parent, answer, number)
        except EditRefused as error:
            said = (
                {"role": "assistant", "content": answer},
                {"role": "user", "content": f"That cannot be done: {error}. Answer again."},
            )
            return self._made(
                parent, self.ask(replace(request, chat=(*request.chat, *said))), number
            )

    def _request(self, parent: Candidate, mistakes: Sequence[Mistake]) -> Request:
        asked = {
            "prompt": system_section(parent.body),
            "mistakes": [
                {
                    "shown": dict(one.shown),
                    "right": list(one.right),
                    "said": list(one.said),
                    **({"rule": one.why} if one.why else {}),
                }
                for one in mistakes[:SHOWN]
            ],
        }
        system = INSTRUCTIONS.read_text(encoding="utf-8")
        system = system.replace("<room>", str(self.check(parent)))
        chat = (
            {"role": "system", "content": system},
            {"role": "user", "content": json.dumps(asked, ensure_ascii=False)},
        )
        return Request(self.model, chat, SCHEMA, Parameters(), ANSWER_TOKENS)

    def _made(self, parent: Candidate, text: str, number: int) -> Candidate:
        try:
            answer = _Answer.model_validate_json(text[text.find("{") : text.rfind("}") + 1])
        except ValidationError as error:
            raise EditRefused("the answer is not the JSON object that was asked for") from error
        body = edited(parent.body, [Edit(one.find, one.replace) for one in answer.edits])
        why = " ".join(answer.why.split())[:500]
        return checked(
            replace(parent, number=number, parent=parent.number, body=body, why=why), self.check
        )


@dataclass(frozen=True, slots=True)
class ExampleProposer:
    """Makes one of the worst mistakes an example; where there is no room for it, it takes the place
    of another.
    """

    check: Check

    def propose(
        self, parent: Candidate, mistakes: Sequence[Mistake], number: int, chance: random.Random
    ) -> Candidate:
        """Return the parent with another example."""
        mistake = chance.choice(list(mistakes[:SHOWN]))
        example = dict(mistake.example)
        held = len(yaml.safe_load(parent.examples)["examples"])
        why = f"shows {json.dumps(mistake.shown.get('text', ''), ensure_ascii=False)[:120]}"
        child = replace(parent, number=number, parent=parent.number, why=why)
        try:
            more = with_example(parent.examples, example, None)
            return checked(replace(child, examples=more), self.check)
        except EditRefused:
            other = with_example(parent.examples, example, chance.randrange(held))
            return checked(replace(child, examples=other), self.check)


def checked(candidate: Candidate, check: Check) -> Candidate:
    """Return a candidate that may be sent.

    Raises:
        EditRefused: it is no prompt, or too long a one.
    """
    try:
        check(candidate)
    except TemplateError as error:
        raise EditRefused(str(error)) from error
    return candidate
