"""What a program may import stands in one place, and importing that costs nothing."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import intent

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", intent.PUBLIC)
def test_a_public_name_is_the_one_of_its_home(name: str) -> None:
    assert getattr(intent, name) is getattr(importlib.import_module(intent.PUBLIC[name]), name)
    assert name in dir(intent)


def test_type_checkers_are_told_of_the_same_names() -> None:
    tree = ast.parse(Path(str(intent.__file__)).read_text(encoding="utf-8"))
    (checked,) = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    told = {
        alias.asname: (node.module, alias.name)
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert told == {name: (home, name) for name, home in intent.PUBLIC.items()}
    assert (Path(str(intent.__file__)).parent / "py.typed").is_file()


def test_other_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = intent.Nothing
    with pytest.raises(ImportError, match="Nothing"):
        exec("from intent import Nothing")


def test_importing_the_package_imports_nothing_else() -> None:
    script = (
        "import sys; before = set(sys.modules); import intent; "
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before} "
        "- sys.stdlib_module_names), *[name for name in sys.modules if name.startswith('intent.')])"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["intent"]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name
)
def test_examples_import_from_the_one_place(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert [name for name in imported if name.startswith("intent")] == ["intent"]


def test_the_changelog_tells_of_the_version() -> None:
    told = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert intent.__version__ in told
