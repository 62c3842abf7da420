"""The wheel carries everything it needs, and works outside the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def needed_by(installed: metadata.Distribution) -> list[metadata.Distribution]:
    """Return what a distribution needs without extras, and what that needs, as installed here."""
    open_ones = [(line, "") for line in installed.requires or []]
    found: dict[tuple[str, str], metadata.Distribution] = {}
    while open_ones:
        line, extra = open_ones.pop()
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": extra}):
            continue
        for wanted_extra in ("", *wanted.extras):
            key = (wanted.name.lower(), wanted_extra)
            if key not in found:
                found[key] = metadata.distribution(wanted.name)
                open_ones += [(one, wanted_extra) for one in found[key].requires or []]
    return list(found.values())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment that holds the wheel, and of the packages here what it says it needs:
    no torch.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    subprocess.run(
        [folder / "bin" / "pip", "install", "--quiet", "--no-deps", "--no-index", wheel], check=True
    )
    (site,) = (folder / "lib").glob("python*/site-packages")
    (about,) = site.glob("lead_intent-*.dist-info")
    for distribution in needed_by(metadata.Distribution.at(about)):
        for name in {file.parts[0] for file in distribution.files or []} - {"..", "__pycache__"}:
            if not (site / name).exists():
                (site / name).symlink_to(Path(str(distribution.locate_file(name))))
    return folder


def run(
    installed: Path, *arguments: str, where: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a program of the environment in a folder, without this checkout and without a home."""
    clean = {
        name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "HOME"}
    }
    program, *rest = arguments
    return subprocess.run(
        [installed / "bin" / program, *rest],
        cwd=where,
        env={**clean, "HOME": "/nonexistent", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_carries_code_and_data_and_no_evals(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "_data/prompts/taxonomy.yaml",
        "_data/migrations/env.py",
        "models/lead_intent/head.safetensors",
        "models/e5/encoder.safetensors",
        "py.typed",
        "sources/sample.jsonl",
    ):
        assert f"intent/{needed}" in names
    assert not [name for name in names if name.startswith(("eval", "tests"))]
    assert wheel.stat().st_size < 50_000_000


@pytest.mark.parametrize(
    "absent",
    [
        "torch",
        "transformers",
        "sentence_transformers",
        "sklearn",
        "scipy",
        "onnx",
        "opentelemetry",
        "eval",
    ],
)
def test_what_serving_does_not_need_is_not_installed(
    installed: Path, tmp_path: Path, absent: str
) -> None:
    tried = run(installed, "python", "-c", f"import {absent}", where=tmp_path)
    assert f"No module named '{absent}'" in tried.stderr


def test_the_wheel_alone_decides_a_message_and_leaves_nothing_behind(
    installed: Path, tmp_path: Path
) -> None:
    decided = run(
        installed, "intent", "classify", "--text", "how much for two?", "--json", where=tmp_path
    )
    assert decided.returncode == 0, decided.stderr
    decision = json.loads(decided.stdout)
    assert decision["labels"] == ["price_inquiry"]
    assert decision["decided_by"] == "local"
    assert not list(tmp_path.iterdir())


def test_the_wheel_says_its_version(installed: Path, tmp_path: Path, wheel: Path) -> None:
    said = run(installed, "intent", "--version", where=tmp_path)
    assert said.stdout.split() == [wheel.name.split("-")[1]], said.stderr


def test_training_without_what_it_needs_says_how_to_get_it(installed: Path, tmp_path: Path) -> None:
    tried = run(installed, "intent", "train", "--data", "d.jsonl", "--out", "model", where=tmp_path)
    assert tried.returncode == 1
    assert "pip install 'lead-intent[train]'" in tried.stderr
    assert "Traceback" not in tried.stderr


def test_the_main_job_runs_from_the_wheel_in_an_empty_folder(
    installed: Path, tmp_path: Path
) -> None:
    where = run(installed, "python", "-c", "import intent; print(intent.__file__)", where=tmp_path)
    assert str(installed) in where.stdout
    demo = run(installed, "intent", "demo", where=tmp_path)
    assert demo.returncode == 0, demo.stderr
    assert "leads" in demo.stdout
    audited = run(
        installed, "intent", "audit", where=tmp_path, INTENT_DATABASE_URL="sqlite:///demo.db"
    )
    assert "362 accepted = 362 decided + 0 waiting + 0 dead" in audited.stdout
