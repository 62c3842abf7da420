"""Writes the kinds and formats of ``docs/sources.md`` from what the sources declare.

``python -m tests.sources_page`` (or ``make sources``) brings the page up to date; a test compares
the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from intent.bootstrap.sources import source_kinds
from intent.bootstrap.webhooks import webhook_kinds
from intent.sources.declaration import Declaration
from intent.sources.files.file_format import FileFormat
from intent.sources.files.formats import FORMATS

PAGE = Path(__file__).parents[1] / "docs" / "sources.md"
OPENING, CLOSING = "<!-- kinds -->\n", "<!-- end of kinds -->\n"
FILES, END_OF_FILES = "<!-- files -->\n", "<!-- end of files -->\n"


def page_with_kinds(page: str) -> str:
    """Return the page with all kinds of sources, and all formats of files, between its markers."""
    kinds = [_section(kind.declaration) for kind in source_kinds().values()]
    pushed = [_webhook(kind.declaration) for kind in webhook_kinds().values()]
    page = _between(page, OPENING, CLOSING, "\n".join([*kinds, PUSHED, *pushed]))
    return _between(page, FILES, END_OF_FILES, "\n".join(map(_format, FORMATS)))


PUSHED = """\
## What platforms push: webhooks

A platform that pushes wants an address with TLS: a proxy before `intent serve`, which takes what is pushed at `/v1/webhooks/…`. No key of ours is
asked for: the signature over the raw body is checked in constant time, and it is answered with 200 once all of it is stored. What is not used is
answered so too, or the platform would end its subscription. While a secret changes, the old one stays in the variable of the same name with `_OLD`
behind it. The packages come with `pip install 'lead-intent[serve,webhooks]'`.
"""


def _webhook(declaration: Declaration) -> str:
    return "\n".join(
        [
            f"### {declaration.title}",
            "",
            f"Mounted as `{declaration.example}`.",
            *_listed("It needs", declaration.needs),
            *_listed("Secrets, in the environment", _secrets(declaration)),
            *_listed("It promises", declaration.keeps),
            *_listed("It cannot promise", declaration.cannot),
            "",
        ]
    )


def _between(page: str, opening: str, closing: str, text: str) -> str:
    before, _, rest = page.partition(opening)
    _, _, after = rest.partition(closing)
    return f"{before}{opening}\n{text}\n{closing}{after}"


def _format(one: FileFormat) -> str:
    return "\n".join(
        [
            f"### {one.title}: `--format {one.name}`",
            "",
            f"It needs {one.needs}.",
            "",
            "```bash",
            one.example,
            "```",
            "",
            *(f"- {note}" for note in one.notes),
            "",
        ]
    )


def _section(declaration: Declaration) -> str:
    return "\n".join(
        [
            f"## {declaration.title}: `{declaration.scheme}:`",
            "",
            f"Written as `{declaration.example}`.",
            *_listed("It needs", declaration.needs),
            *_listed("Secrets, in the environment", _secrets(declaration)),
            *_listed("Options, in `sources.yaml`", _options(declaration)),
            "",
            "To start:",
            "",
            "```bash",
            declaration.start.strip(),
            "```",
            *_listed("It promises", declaration.keeps),
            *_listed("It cannot promise", declaration.cannot),
            "",
        ]
    )


def _secrets(declaration: Declaration) -> Iterator[str]:
    for secret in declaration.secrets:
        yield f"`{secret.variable}`: {secret.what}" + (" (optional)" if secret.optional else "")


def _options(declaration: Declaration) -> Iterator[str]:
    for option in declaration.options:
        default = str(option.default).lower() if option.default is not None else ""
        shown = f"; without it `{default}`" if default else ""
        yield f"`{option.name}`: {option.what}{shown}"


def _listed(title: str, sentences: Iterable[str]) -> list[str]:
    points = [f"- {sentence}" for sentence in sentences]
    return ["", f"{title}:", "", *points] if points else []


if __name__ == "__main__":
    PAGE.write_text(page_with_kinds(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
