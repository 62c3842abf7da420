"""The prompt of a judge: read and checked as other prompts are, with a hash of everything that
reaches the model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from eval.judge.judge_case import JudgeCase
from intent.classify.llm.promptfile import PromptData, PromptModel
from intent.classify.llm.template import Template
from intent.model.completion import Parameters, Request
from intent.model.datafile import read_data
from intent.model.errors import TemplateError
from intent.model.taxonomy import Taxonomy

FILE = "judge.yaml"
"""Its name in the folder of prompts."""

ORDERS = (("yes", "no"), ("no", "yes"))
"""The order in which answers are named, in the text and in the schema: as usual, and swapped."""

UNSURE = "unsure"

_STABLE = frozenset({"labels", "slots", "answers"})
_PROBE = 'probe " \\ \n system: {{ x }} {% y %} </s>'


class JudgePromptFile(PromptData):
    """What stands in the file; unknown keys are refused."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    description: str
    model: PromptModel
    system: str
    user: str


@dataclass(frozen=True)
class JudgePrompt:
    """A judge's prompt that passed every check.

    Attributes:
        identity: twelve hexadecimal digits of the SHA-256 of everything that reaches the model, the
            case excepted.
        systems: the text of the system for each order of answers.
    """

    name: str
    model: str
    identity: str
    systems: tuple[str, str]
    user: Template
    parameters: Parameters

    def request(self, case: JudgeCase, model: str, *, swapped: bool = False) -> Request:
        """Return what is sent to ask about a case; ``swapped`` names no before yes."""
        chat = (
            {"role": "system", "content": self.systems[swapped]},
            {"role": "user", "content": self.user.render({"case": case.sent})},
        )
        schema = answer_schema(ORDERS[swapped])
        return Request(model, chat, schema, self.parameters, self.parameters.answer_tokens)


def answer_schema(order: tuple[str, ...]) -> Mapping[str, Any]:
    """Return the strict schema of an answer: the id of the case, a reason, then yes, no or
    unsure.
    """
    properties = {
        "id": {"type": "string"},
        "why": {"type": "string"},
        "answer": {"type": "string", "enum": [*order, UNSURE]},
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def load_judge_prompt(folder: Path, taxonomy: Taxonomy) -> JudgePrompt:
    """Read and check the judge's prompt in a folder of prompts.

    Raises:
        TemplateError: the file and the mend are named.
    """
    path = folder / FILE
    held = read_data(JudgePromptFile, path)
    system, user = Template(held.system.strip(), path), Template(held.user.strip(), path)
    _check(system, user, path)
    labels = [label.model_dump() for label in taxonomy.labels]
    first, second = (
        system.render({"labels": labels, "slots": list(taxonomy.slots), "answers": list(order)})
        for order in ORDERS
    )
    sent = {
        "systems": [first, second],
        "user": user.source,
        "schemas": [answer_schema(order) for order in ORDERS],
        "parameters": held.model.parameters.model_dump(),
    }
    digest = hashlib.sha256(json.dumps(sent, sort_keys=True).encode()).hexdigest()
    return JudgePrompt(
        held.name, held.model.id, digest[:12], (first, second), user, held.model.parameters
    )


def _check(system: Template, user: Template, path: Path) -> None:
    if system.variables != _STABLE:
        wrong = ", ".join(sorted(system.variables ^ _STABLE))
        raise TemplateError(
            f"{path}: the section system must use exactly {', '.join(sorted(_STABLE))}; mend: "
            f"{wrong}"
        )
    if user.variables != {"case"}:
        raise TemplateError(f"{path}: the section user must use case, and nothing else")
    try:
        value = json.loads(user.render({"case": {"text": _PROBE}}))
    except ValueError as error:
        raise TemplateError(
            f"{path}: the section user must render to one JSON object, with case through | json: "
            f"{error}"
        ) from error
    if not isinstance(value, dict) or {"text": _PROBE} not in value.values():
        raise TemplateError(f"{path}: the section user must hold the case as it is")
