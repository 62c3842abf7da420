"""What a prompt file and its examples must hold, as it is written by hand."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from intent.model.completion import Parameters


class PromptData(BaseModel):
    """Base of all of them: unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PromptModel(PromptData):
    """Which model a prompt is meant for."""

    id: str
    parameters: Parameters = Parameters()


class FrontMatter(PromptData):
    """The head of a prompt file; unknown keys are refused."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    description: str
    taxonomy: str
    guideline: int
    model: PromptModel
    examples: str
    inputs: tuple[str, ...]
    outputs: str


class Example(PromptData):
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


class Examples(PromptData):
    """The examples of a prompt, in their order."""

    examples: tuple[Example, ...]
