"""The wheel carries everything it needs, and works outside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

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


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment that holds the wheel alone, and finds its dependencies where this one
    has them.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    subprocess.run(
        [folder / "bin" / "pip", "install", "--quiet", "--no-deps", "--no-index", wheel], check=True
    )
    (site,) = (folder / "lib").glob("python*/site-packages")
    # A .pth names the folder of the dependencies; .pth files inside that folder are not followed,
    # so this checkout stays out of reach.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder


def test_the_wheel_carries_code_and_data_and_no_evals(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "_data/prompts/taxonomy.yaml",
        "_data/migrations/env.py",
        "models/lead_intent/head.safetensors",
        "sources/sample.jsonl",
    ):
        assert f"intent/{needed}" in names
    assert not [name for name in names if name.startswith(("eval", "tests"))]
    assert wheel.stat().st_size < 20_000_000


def test_the_main_job_runs_from_the_wheel_in_an_empty_folder(
    installed: Path, tmp_path: Path
) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    where = [installed / "bin" / "python", "-c", "import intent; print(intent.__file__)"]
    assert (
        str(installed)
        in subprocess.run(
            where, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        ).stdout
    )
    demo = subprocess.run(
        [installed / "bin" / "intent", "demo"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert demo.returncode == 0, demo.stderr
    assert "leads" in demo.stdout
    audit = [installed / "bin" / "intent", "audit"]
    audited = subprocess.run(
        audit,
        cwd=tmp_path,
        env={**environment, "INTENT_DATABASE_URL": "sqlite:///demo.db"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "362 accepted = 362 decided + 0 waiting + 0 dead" in audited.stdout
