"""The architecture is a check, and it fails when it is broken."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [path for folder in ("intent", "eval") for path in sorted((ROOT / folder).rglob("*.py"))]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [command, "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("intent", "eval"):
        shutil.copytree(
            ROOT / name,
            tmp_path / name,
            ignore=shutil.ignore_patterns("__pycache__", "datasets", "*.safetensors"),
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_imports_go_down_only(copy: Path) -> None:
    checked = lint_imports(copy)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("intent/store/engine.py", "import intent.flow.worker"),
        ("intent/queues/inbox.py", "import intent.features.online.state"),
        ("intent/flow/worker.py", "import sqlalchemy"),
        ("intent/ports/deciding.py", "import torch"),
        ("intent/cli/app.py", "import eval"),
    ],
)
def test_an_import_upward_or_sideways_breaks_the_check(copy: Path, module: str, line: str) -> None:
    path = copy / module
    path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    checked = lint_imports(copy)
    assert checked.returncode == 1
    assert "BROKEN" in checked.stdout


def test_no_module_is_longer_than_300_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in SOURCES
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert long == {}


def test_the_readme_names_every_file() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = readme.split("<!-- tree -->")[1]
    named = set(re.findall(r"^\s*([\w.]+\.py)\b", tree, flags=re.MULTILINE))
    on_disk = {path.name for path in SOURCES if path.name != "__init__.py"}
    assert on_disk - named == set(), "the README's tree lacks files"
    assert named - on_disk - {"__init__.py"} == set(), "the README's tree names files that are gone"


def test_the_repository_speaks_of_the_product_alone() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    forbidden = re.compile(
        "|".join(
            [
                "/wo" + "rk/",
                "pythonhos" + "ted",
                "pypi" + r"\.org",
                "registry" + r"\.npmjs",
                "deb" + r"\.debian",
            ]
        )
    )
    for name in tracked:
        path = ROOT / name
        if (
            path.suffix
            in {".py", ".md", ".toml", ".yaml", ".txt", ".html", ".jinja", ".prompty", ".json"}
            and path.is_file()
        ):
            assert not forbidden.search(path.read_text(encoding="utf-8", errors="replace")), name
