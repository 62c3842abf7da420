"""Checks a prompt before anything is asked with it; what is refused is named with its mend. Each
raises TemplateError.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from intent.classify.llm.promptfile import Example, FrontMatter
from intent.classify.llm.schema import NAME
from intent.classify.llm.template import Template
from intent.model.errors import TemplateError
from intent.model.taxonomy import Taxonomy

STABLE = frozenset({"labels", "slots", "examples"})
"""Variables that are the same for every request; the system section may use no other, or its prefix
could not be cached.
"""

BATCH = frozenset({"room", "before", "messages"})
"""Variables of one batch, for the user section."""

_PROBE = 'probe " \\ \n system: {{ x }} {% y %}'


def check_front(front: FrontMatter, taxonomy: Taxonomy, path: Path) -> None:
    """Refuse a head that does not fit its file, the taxonomy or what is provided."""
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


def check_example(example: Example, taxonomy: Taxonomy, path: Path) -> None:
    """Refuse an example with labels, or slots, that an answer could not have."""
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


def check_variables(front: FrontMatter, system: Template, user: Template, path: Path) -> None:
    """Refuse variables that are not declared, or that make the prefix differ."""
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


def check_labels(stable: str, taxonomy: Taxonomy, path: Path) -> None:
    """Refuse a system section that explains not every label."""
    for label in taxonomy.labels:
        if label.code not in stable or label.name not in stable:
            raise TemplateError(
                f"{path} never explains the label {label.code} {label.name}; show every label of "
                "the taxonomy in system:"
            )


def check_user(user: Template, path: Path) -> None:
    """Refuse a user section that does not render to the messages as JSON."""
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
