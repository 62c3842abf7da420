"""Gives a run's prompt other call parameters, in a copy of the prompts beside the run that differs
in nothing else.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import yaml

from intent.classify.llm.prompt import Prompt
from intent.model.completion import Parameters
from intent.model.errors import OperatorError

_FRONT = re.compile(r"\A---\n(.*?\n)---\n", re.DOTALL)


def parse_parameters(given: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Read parameters such as ``temperature=0.3``.

    Raises:
        OperatorError: one is not NAME=VALUE, or there is no such parameter.
    """
    found = []
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or name not in Parameters.model_fields:
            raise OperatorError(
                f"the parameter {one!r} is not NAME=VALUE with a name of "
                f"{', '.join(Parameters.model_fields)}"
            )
        found.append((name, value))
    return tuple(found)


def with_parameters(prompt: Prompt, given: Iterable[tuple[str, str]], folder: Path) -> Path:
    """Copy the prompt's folder, with these parameters in the prompt, and return the copy.

    Raises:
        OperatorError: it cannot be copied.
    """
    try:
        shutil.copytree(prompt.path.parent, folder, dirs_exist_ok=True)
        path = folder / prompt.path.name
        text = path.read_text(encoding="utf-8")
        front = _FRONT.match(text)
        assert front is not None  # the prompt was read from it
        head = yaml.safe_load(front[1])
        own = head["model"].setdefault("parameters", {})
        own.update({name: yaml.safe_load(value) for name, value in given})
        changed = yaml.safe_dump(head, allow_unicode=True, sort_keys=False)
        path.write_text(f"---\n{changed}---\n{text[front.end() :]}", encoding="utf-8")
    except (OSError, yaml.YAMLError) as error:
        raise OperatorError(
            f"the prompts cannot be copied to {folder}: {error}; give another folder with -o"
        ) from error
    return folder
