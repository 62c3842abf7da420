"""What a prompt engineer does with prompt files: check, render, list and compare them."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from intent.classify.llm.batch import compose, prepare
from intent.classify.llm.calibration import load_calibration
from intent.classify.llm.models import choose_model, load_models
from intent.classify.llm.prompt import Prompt, aliases, load_alias, load_prompt
from intent.classify.route import load_route
from intent.model.errors import TemplateError
from intent.model.message import Message
from intent.model.question import Claim, Question
from intent.model.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class PromptFolder:
    """The prompts folder, with the taxonomy that its prompts are checked against."""

    path: Path
    taxonomy: Taxonomy

    def prompt(self, name: str) -> Prompt:
        """Return a prompt by its alias, its name, or the path of its file.

        Raises:
            TemplateError: it is missing or wrong.
        """
        if name.endswith(".prompty"):
            return load_prompt(Path(name), self.taxonomy)
        return load_alias(self.path, name, self.taxonomy)

    def names(self) -> list[str]:
        """Return the names of all prompts of the folder."""
        return sorted(path.stem for path in self.path.glob("*.prompty"))


@dataclass(frozen=True, slots=True)
class Linted:
    """A prompt that is good, or the ``error`` for which it is not.

    Attributes:
        prefix_tokens: estimated tokens before the messages.
    """

    name: str
    identity: str | None = None
    prefix_tokens: int | None = None
    error: str | None = None


def lint(folder: PromptFolder, names: Sequence[str] = ()) -> Iterator[Linted]:
    """Check these prompts, or all of the folder, and then everything that belongs to them.

    Raises:
        TemplateError: routes, models, aliases or calibrations are wrong.
        OperatorError: nobody knows what the model of an alias costs.
    """
    for name in names or folder.names():
        try:
            prompt = folder.prompt(name)
        except TemplateError as error:
            yield Linted(name, error=str(error))
        else:
            yield Linted(prompt.front.name, prompt.identity, prompt.prefix_tokens)
    load_route(folder.path / "route.yaml")
    registry = load_models(folder.path / "models.yaml")
    for alias in aliases(folder.path):
        prompt = folder.prompt(alias)
        _calibration(folder, prompt)
        choose_model(registry, prompt.front.model.id, None)


@dataclass(frozen=True, slots=True)
class Listed:
    """A prompt of the folder: its aliases, its model, and whether its answers were measured."""

    name: str
    alias: tuple[str, ...]
    identity: str
    model: str
    tokens: int
    calibration: str
    description: str


def list_prompts(folder: PromptFolder) -> Iterator[Listed]:
    """Yield the prompts of the folder.

    Raises:
        TemplateError: one of them is wrong.
    """
    known = aliases(folder.path)
    for name in folder.names():
        prompt = load_prompt(folder.path / f"{name}.prompty", folder.taxonomy)
        yield Listed(
            prompt.front.name,
            tuple(alias for alias, target in known.items() if target == name),
            prompt.identity,
            prompt.front.model.id,
            prompt.prefix_tokens,
            _calibration(folder, prompt),
            prompt.front.description,
        )


def render(prompt: Prompt, messages: Sequence[Message]) -> list[dict[str, str]]:
    """Return what would be sent about messages of one room: disguised, shuffled, under made-up
    ids.
    """
    claims = [prepare(_claim(message), prompt.identity) for message in messages]
    batch = compose(claims, (), b"render")
    return prompt.chat(batch.room, batch.before, batch.messages)


def compare(old: str, before: Prompt, new: str, after: Prompt) -> list[str]:
    """Return a unified diff of what two prompts send; empty when they send the same."""
    titles = (f"{old} {before.identity}", f"{new} {after.identity}")
    return list(difflib.unified_diff(_sent(before), _sent(after), *titles, lineterm="", n=1))


def _calibration(folder: PromptFolder, prompt: Prompt) -> str:
    path, model = folder.path / "calibration.yaml", prompt.front.model.id
    return load_calibration(path, folder.taxonomy, prompt=prompt.identity, model=model).version


def _claim(message: Message) -> Claim:
    question = Question(message.platform, message.message_id, message.room_id, message.sent_at, 0)
    return Claim(question, message, receipt=0, token="", attempts=1)


def _sent(prompt: Prompt) -> list[str]:
    parameters = prompt.front.model.parameters.model_dump_json()
    head = [f"model: {prompt.front.model.id}", f"parameters: {parameters}"]
    user, system = prompt.user.source.splitlines(), prompt.stable.splitlines()
    reply = json.dumps(prompt.schema, indent=1).splitlines()
    return [*head, "", "system:", *system, "", "user:", *user, "", "reply:", *reply]
