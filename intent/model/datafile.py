"""Reads the YAML files that people edit: checked by a pydantic model, refused with the file, the
place in it and the reason.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from intent.model.errors import TemplateError

File = TypeVar("File", bound=BaseModel)


def read_data(kind: type[File], path: Path, *, remedy: str = "") -> File:
    """Read a YAML file.

    Args:
        kind: what the file must hold; it decides what an unknown key means.
        remedy: what to do about a wrong file, where that is not simply to mend the place that is
            named.

    Raises:
        TemplateError: the file is missing, is no YAML, or is not as ``kind`` wants it.
    """
    return parse_data(kind, read_text(path), path, remedy=remedy)


def read_text(path: Path) -> str:
    """Read a text file.

    Raises:
        TemplateError: it is missing or no UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"{path} cannot be read: {error}") from error


def parse_data(kind: type[File], text: str, path: Path, *, remedy: str = "") -> File:
    """Check YAML that was found in ``path``; as :func:`read_data`."""
    after = f"; {remedy}" if remedy else ""
    try:
        return kind.model_validate(yaml.load(text, _StrictLoader))  # noqa: S506
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where, what = ".".join(str(part) for part in first["loc"]), first["msg"]
        if first["type"] == "model_type":
            what = f"there must be {', '.join(kind.model_fields)}"
        raise TemplateError(f"{path} is wrong at {where or 'its top'}: {what}{after}") from error
    except (yaml.YAMLError, ValueError) as error:  # a date that no calendar has is a ValueError
        raise TemplateError(f"{path} is no YAML: {_reason(error)}{after}") from error


class _StrictLoader(yaml.SafeLoader):
    """The safe loader, which refuses a key that stands twice: the last one would win unseen."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping.

        Raises:
            yaml.constructor.ConstructorError: a key stands twice.
        """
        keys = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                name = (key.tag, key.value)
                if name in keys and key.tag != "tag:yaml.org,2002:merge":
                    raise yaml.constructor.ConstructorError(
                        None, None, f"{key.value!r} stands twice; name it once", key.start_mark
                    )
                keys.add(name)
        return super().construct_mapping(node, deep)


def _reason(error: Exception) -> str:
    """Return what is wrong, and where, on one line."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return " ".join(str(error).split())
    at = error.problem_mark
    problem = error.problem or error.context or "it cannot be read"
    if "'\\t'" in problem:
        problem += " (indent with spaces, not with tabs)"
    return f"{problem}, in line {at.line + 1}, column {at.column + 1}"
