"""The architecture is a check, and it fails when it is broken."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture import page_with_tree, tree

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


WRONG_IMPORTS = [
    ("Imports go down only", "intent.store.engine", "intent.flow.worker"),
    ("Imports go down only", "intent.queues.inbox", "intent.features.online.state"),
    ("Imports go down only", "intent.flow.worker", "intent.operations.runs"),
    ("Imports go down only", "intent.flow.asker", "intent.bootstrap.application"),
    ("Imports go down only", "intent.ports.deciding", "intent.classify.cache"),
    (
        "The two ways to decide never import each other",
        "intent.classify.local.classifier",
        "intent.classify.llm.reply",
    ),
    (
        "Online and offline features share definitions alone",
        "intent.features.online.read",
        "intent.features.offline.plan",
    ),
    (
        "Sources share the door, and never import each other",
        "intent.sources.process",
        "intent.sources.files.formats",
    ),
    ("What is pushed out leaves through hooks.post", "intent.hooks.signing", "httpcore2"),
    ("The workbench's imports go down only", "eval.measure.metrics", "eval.bench.cost"),
    ("The workbench's imports go down only", "eval.run.runner", "eval.verdict.gate"),
    ("The product never imports its evals", "intent.cli.app", "eval.data.stats"),
    (
        "SQLAlchemy lives in store, queues, outcomes and features",
        "intent.flow.worker",
        "sqlalchemy",
    ),
    (
        "SQLAlchemy lives in store, queues, outcomes and features",
        "intent.bootstrap.application",
        "alembic",
    ),
    (
        "SQLAlchemy lives in store, queues, outcomes and features",
        "intent.features.definitions.definitions",
        "sqlalchemy",
    ),
    (
        "torch and transformers live in training, ranking, the export of encoders and the benches",
        "intent.classify.local.encoder",
        "torch",
    ),
    (
        "openai lives in classify.llm.client, retries in classify.llm.exchange",
        "eval.standin.fake_llm_server",
        "openai",
    ),
    ("DuckDB, Arrow and Spark live in features and ranking", "intent.store.decisions", "pyarrow"),
    ("LightGBM and implicit live in ranking", "intent.features.online.read", "lightgbm"),
    (
        "tea-tasting lives in experiments.viewer_scorecard",
        "intent.experiments.analysis",
        "tea_tasting",
    ),
    ("Starlette and uvicorn live in web", "intent.operations.status", "starlette"),
    (
        "What speaks a platform's protocol lives in one source",
        "intent.bootstrap.sources",
        "websockets",
    ),
    (
        "prometheus_client and opentelemetry live in one adapter each",
        "intent.flow.worker",
        "prometheus_client",
    ),
]
"""Contract, module, and an import that breaks the one in the other."""


@pytest.mark.parametrize(("contract", "module", "imported"), WRONG_IMPORTS)
def test_a_wrong_import_breaks_its_contract(
    copy: Path, contract: str, module: str, imported: str
) -> None:
    path = copy / f"{module.replace('.', '/')}.py"
    path.write_text(path.read_text(encoding="utf-8") + f"\nimport {imported}\n", encoding="utf-8")
    checked = lint_imports(copy)
    said = " ".join(checked.stdout.split())
    assert checked.returncode == 1
    assert f"{contract} BROKEN" in said
    assert f"- {module} -> {imported} (l." in said


def test_every_contract_is_seen_to_break() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
    assert {contract["name"] for contract in contracts} == {
        broken for broken, _, _ in WRONG_IMPORTS
    }


@pytest.mark.parametrize(
    "folder", ["intent", "intent/classify", "intent/features", "intent/sources", "eval"]
)
def test_a_module_without_a_place_is_refused(copy: Path, folder: str) -> None:
    (copy / folder / "unplaced.py").write_text('"""Belongs nowhere."""\n', encoding="utf-8")
    checked = lint_imports(copy)
    assert checked.returncode == 1
    assert f"- {folder.replace('/', '.')}.unplaced" in checked.stdout


def test_no_module_is_longer_than_300_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in SOURCES
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert long == {}


def test_the_page_has_a_line_for_every_module_as_its_docstring_says() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert page == page_with_tree(page, ROOT), "run `make architecture`"


@pytest.mark.parametrize(
    "change",
    [
        # named as another file of the tree is
        lambda root: (root / "eval" / "worker.py").write_text('"""Works."""\n', encoding="utf-8"),
        lambda root: (root / "eval" / "plot.py").unlink(),
        lambda root: (root / "intent" / "worker.py").rename(root / "eval" / "worker.py"),
        lambda root: (root / "intent" / "worker.py").write_text('"""Rests."""\n', encoding="utf-8"),
    ],
    ids=["a new file", "a file that is gone", "a file that moved", "another docstring"],
)
def test_the_tree_changes_with_the_files(tmp_path: Path, change: Callable[[Path], object]) -> None:
    for name in ("intent/worker.py", "eval/plot.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('"""Works. And more."""\n', encoding="utf-8")
    before = tree(tmp_path)
    assert before == (f"intent/\n{'  worker.py':<32} Works\neval/\n{'  plot.py':<32} Works\n")
    change(tmp_path)
    assert tree(tmp_path) != before


def test_the_tree_refuses_a_module_that_does_not_say_what_it_does(tmp_path: Path) -> None:
    (tmp_path / "intent").mkdir()
    (tmp_path / "intent" / "silent.py").write_text("X = 1\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"silent\.py: no docstring"):
        tree(tmp_path)


def test_the_walk_follows_the_calls_of_the_worker() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    worker = (ROOT / "intent" / "flow" / "worker.py").read_text(encoding="utf-8")
    calls = re.findall(r"^\| `([\w.]+)` \| `([\w/]+)`", page, flags=re.MULTILINE)
    assert len(calls) >= 7
    for call, room in calls:
        assert f"{call}(" in worker, call
        assert (ROOT / "intent" / room).is_dir(), room


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
