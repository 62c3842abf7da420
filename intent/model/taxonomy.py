"""The labels, their groups, slots and costs: versioned data, read from
``prompts/taxonomy.yaml``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from intent.model.datafile import read_data

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Label(_Data):
    """One intent. ``lead`` marks the lead intents; ``alone`` forbids any other label beside it."""

    name: Name
    code: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    title: str
    meaning: str
    lead: bool
    alone: bool = False


class Costs(_Data):
    """What a mistake costs, in the unit of one false lead."""

    missed_lead: Annotated[float, Field(ge=0)]
    false_lead: Annotated[float, Field(ge=0)]
    wrong_lead_intent: Annotated[float, Field(ge=0)]
    wrong_other_label: Annotated[float, Field(ge=0)]


class Taxonomy(_Data):
    """The closed set of labels. ``version`` is a hash of the content, stored with every
    decision.
    """

    name: Name
    guideline: int
    labels: tuple[Label, ...]
    groups: dict[Name, tuple[Name, ...]]
    slots: tuple[Name, ...]
    costs: Costs

    @model_validator(mode="after")
    def _consistent(self) -> Taxonomy:
        for what, values in (
            ("name", self.names),
            ("code", tuple(label.code for label in self.labels)),
            ("slot", self.slots),
        ):
            if len(set(values)) != len(values):
                raise ValueError(f"a label {what} stands twice")
        unknown = {member for members in self.groups.values() for member in members} - set(
            self.names
        )
        if unknown:
            raise ValueError(f"groups name unknown labels: {', '.join(sorted(unknown))}")
        return self

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Label names in order."""
        return tuple(label.name for label in self.labels)

    @cached_property
    def leads(self) -> frozenset[str]:
        """Names of the lead intents."""
        return frozenset(label.name for label in self.labels if label.lead)

    @cached_property
    def alone(self) -> frozenset[str]:
        """Names of the labels that stand alone."""
        return frozenset(label.name for label in self.labels if label.alone)

    @cached_property
    def titles(self) -> dict[str, str]:
        """Short words for people, by label name."""
        return {label.name: label.title for label in self.labels}

    @cached_property
    def members(self) -> dict[str, frozenset[str]]:
        """The labels of each group, which features count as if each group were a label."""
        return {name: frozenset(labels) for name, labels in self.groups.items()}

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits of the SHA-256 of the content."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode("utf-8")).hexdigest()[:12]

    def in_order(self, labels: Iterable[str]) -> tuple[str, ...]:
        """Return the labels in the taxonomy's order, each once."""
        chosen = set(labels)
        return tuple(name for name in self.names if name in chosen)


def load_taxonomy(path: Path) -> Taxonomy:
    """Read a taxonomy file.

    Raises:
        TemplateError: the file is missing, is no YAML, holds an unknown key or contradicts itself.
    """
    return read_data(Taxonomy, path)
