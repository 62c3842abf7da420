"""Renders prompt files: roles are split before anything is rendered, and what people wrote is data
inside JSON, never structure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from intent.model.errors import TemplateError

ROLES = ("system", "user")
"""The sections of a prompt file, in their order."""

_FRONT = re.compile(r"\A---\n(?P<front>.*?)\n---\n(?P<body>.*)\Z", re.DOTALL)
_ROLE = re.compile(r"^(?P<role>[a-z]+):[ \t]*$", re.MULTILINE)

# Servers that render chat templates themselves may read control tokens (<|im_end|>, </s>, [INST])
# out of a message's content; and marks of direction, tags and line separators show a reader
# something else than what is there. Written as JSON escapes they are only characters.
_CONTROL_TOKEN = re.compile(r"<(?=[^\s\d<=.,)])|\[(?=/?[A-Z_]{2,}[^\]]{0,20}\])|(?<=[|｜])>")
_INVISIBLE = re.compile(
    "[\u007f-\u009f\u061c\u200b-\u200c\u200e-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


@dataclass(frozen=True, slots=True)
class Sections:
    """A prompt file in pieces: the YAML of its front matter, and the Jinja source of each role."""

    front: str
    sources: Mapping[str, str]


def split(text: str, path: Path) -> Sections:
    """Split a prompt file into front matter and roles.

    Raises:
        TemplateError: there is no front matter, or the sections are not exactly ``system:`` and
            ``user:``.
    """
    match = _FRONT.match(text.replace("\r\n", "\n"))
    if match is None:
        raise TemplateError(
            f"{path} has no front matter; begin the file with a line ---, YAML, and a line ---"
        )
    body = match["body"]
    heads = list(_ROLE.finditer(body))
    roles = tuple(head["role"] for head in heads)
    if roles != ROLES:
        raise TemplateError(
            f"{path} has the sections {', '.join(roles) or 'none'}; it must have exactly system: "
            "and user:, each on a line of its own"
        )
    if body[: heads[0].start()].strip():
        raise TemplateError(f"{path} has text before its first section; move it below system:")
    ends = [head.start() for head in heads[1:]] + [len(body)]
    return Sections(
        match["front"],
        {
            head["role"]: body[head.end() : end].strip()
            for head, end in zip(heads, ends, strict=True)
        },
    )


def as_json(value: object) -> str:
    """Return JSON in one line, in which no text can be taken for structure: not by a JSON reader, a
    chat template or a person's eye.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Outside of strings none of these characters can follow as matched here, except the brackets of
    # lists, which no capital letter follows.
    return _INVISIBLE.sub(_escaped, _CONTROL_TOKEN.sub(_escaped, text))


def _escaped(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


class Template:
    """One role of a prompt file, ready to render in a sandbox where a missing variable is an
    error.
    """

    def __init__(self, source: str, path: Path) -> None:
        """Compile Jinja source.

        Raises:
            TemplateError: the source is no Jinja; the line is named.
        """
        self.source, self._path = source, path
        nothing_to_include = jinja2.DictLoader({})
        environment = ImmutableSandboxedEnvironment(
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            loader=nothing_to_include,
        )
        environment.filters = {
            "json": as_json,
            "join": environment.filters["join"],
            "length": environment.filters["length"],
        }
        environment.globals = {}
        try:
            self.variables = frozenset(meta.find_undeclared_variables(environment.parse(source)))
            self._template = environment.from_string(source)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(
                f"{path}: line {error.lineno} of the section is no Jinja: {error.message}"
            ) from error

    def render(self, variables: Mapping[str, Any]) -> str:
        """Return the text.

        Raises:
            TemplateError: a variable or attribute is missing or forbidden. Never because of what a
                variable's text holds.
        """
        try:
            return self._template.render(variables)
        except jinja2.TemplateError as error:
            raise TemplateError(f"{self._path} cannot be rendered: {error.message}") from error
