"""Writes the tree of ``docs/architecture.md``: every module, and the first sentence of its docstring.

``python -m tests.architecture`` (or ``make architecture``) brings the page up to date; a test
compares the two.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("intent", "eval", "migrations", "examples")
COLUMN = 32
OPENING, CLOSING = "<!-- tree -->\n```\n", "```\n<!-- end of tree -->\n"


def first_sentence(source: str) -> str:
    """Return the first sentence of a module's docstring on one line, without its full stop.

    Raises:
        ValueError: the module says nothing.
    """
    docstring = " ".join((ast.get_docstring(ast.parse(source)) or "").split())
    sentence = re.match(r".+?(?:[.?!](?= |$)|$)", docstring)
    if sentence is None:
        raise ValueError("no docstring")
    return sentence.group().removesuffix(".")


def tree(root: Path) -> str:
    """Return the folders of code under ``root``, each with its files before its folders.

    Raises:
        ValueError: a module has no docstring; the message names it.
    """
    return "\n".join(line for name in FOLDERS for line in _folder(root / name, 0)) + "\n"


def page_with_tree(page: str, root: Path) -> str:
    """Return the page with the tree of ``root`` between its markers."""
    before, _, rest = page.partition(OPENING)
    _, _, after = rest.partition(CLOSING)
    return f"{before}{OPENING}{tree(root)}{CLOSING}{after}"


def _folder(folder: Path, depth: int) -> Iterator[str]:
    if not any(folder.rglob("*.py")):
        return
    yield f"{'  ' * depth}{folder.name}/"
    for path in sorted(folder.glob("*.py")):
        # The file that makes a folder a package is empty, but for the package's own.
        if source := path.read_text(encoding="utf-8").strip():
            try:
                sentence = first_sentence(source)
            except ValueError as error:
                raise ValueError(f"{path}: {error}") from error
            yield f"{'  ' * (depth + 1) + path.name:<{COLUMN}} {sentence}"
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name != "__pycache__":
            yield from _folder(path, depth + 1)


if __name__ == "__main__":
    written = ROOT / "docs" / "architecture.md"
    written.write_text(page_with_tree(written.read_text(encoding="utf-8"), ROOT), encoding="utf-8")
