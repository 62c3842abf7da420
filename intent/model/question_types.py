"""The question types, a second level under the labels: versioned data, read from
``prompts/questions.yaml``.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from intent.model.datafile import read_data
from intent.model.taxonomy import Name

OTHER = "other"
"""Asks something that no type names."""

NONE = "none"
"""Asks nothing."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class QuestionType(_Data):
    """One type; a message has it only beside one of the labels ``under``."""

    name: Name
    under: Annotated[tuple[Name, ...], Field(min_length=1)]
    meaning: str


class QuestionTypes(_Data):
    """The closed set of types, ``other`` and ``none`` among them."""

    name: Name
    taxonomy: Name
    types: tuple[QuestionType, ...]

    @model_validator(mode="after")
    def _consistent(self) -> QuestionTypes:
        if len(set(self.names)) != len(self.names):
            raise ValueError("a type's name stands twice")
        if not {OTHER, NONE} <= set(self.names):
            raise ValueError(f"the types {OTHER!r} and {NONE!r} must be among them")
        return self

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names in order."""
        return tuple(one.name for one in self.types)

    @cached_property
    def under(self) -> dict[str, frozenset[str]]:
        """The labels that each type may stand beside, by name."""
        return {one.name: frozenset(one.under) for one in self.types}


def load_question_types(path: Path) -> QuestionTypes:
    """Read the file of question types.

    Raises:
        TemplateError: it is missing, is no YAML, holds an unknown key or contradicts itself.
    """
    return read_data(QuestionTypes, path)
