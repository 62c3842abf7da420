"""One name, one thing: no two public classes share a name, and no two files of different rooms, but
for those that are listed.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = [
    path.relative_to(ROOT)
    for folder in ("intent", "eval")
    for path in sorted((ROOT / folder).rglob("*.py"))
]

BY_NOUN = {
    "intent/ports",
    "intent/bootstrap",
    "intent/flow",
    "intent/operations",
    "intent/cli",
    "intent/web/api",
    "intent/web/pages",
}
"""Rooms with one file a noun: what they do for it stands in a file of its name, as in the rooms that
they serve.
"""

SHARED_CLASSES = {
    "Asked",
    "Batch",
    "Entry",
    "Example",
    "Manifest",
    "Material",
    "Model",
    "Records",
    "Row",
    "Rows",
    "Verdict",
}
SHARED_FILES = {
    "audit.py",
    "batch.py",
    "classifier.py",
    "history.py",
    "manifest.py",
    "recipes.py",
    "rows.py",
    "schema.py",
    "tokens.py",
}
"""What still stands for several things. Both lists may only become shorter."""


def shared(names: list[tuple[str, Path]]) -> dict[str, list[str]]:
    """Return the names that stand in several places, with their places."""
    places: dict[str, list[str]] = defaultdict(list)
    for name, path in names:
        places[name].append(str(path))
    return {name: found for name, found in places.items() if len(found) > 1}


def test_no_two_public_classes_share_a_name() -> None:
    classes = [
        (node.name, path)
        for path in SOURCES
        for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    found = shared(classes)
    assert {name: found[name] for name in found.keys() - SHARED_CLASSES} == {}
    assert SHARED_CLASSES - found.keys() == set(), "these are one thing now: take them off the list"


def test_no_two_files_of_different_rooms_share_a_name() -> None:
    files = [
        (path.name, path)
        for path in SOURCES
        if not path.name.startswith("__") and path.parent.as_posix() not in BY_NOUN
    ]
    found = shared(files)
    assert {name: found[name] for name in found.keys() - SHARED_FILES} == {}
    assert SHARED_FILES - found.keys() == set(), "these are one thing now: take them off the list"


def test_a_name_that_two_things_share_is_told_with_its_places() -> None:
    assert shared([("A", Path("x.py")), ("A", Path("y.py")), ("B", Path("x.py"))]) == {
        "A": ["x.py", "y.py"]
    }
