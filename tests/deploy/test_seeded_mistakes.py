"""Every lint of the deployment files passes on them, and fails on a mistake made on purpose."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.deploy.__main__ import FOLDER
from tests.deploy.lints import LINTS
from tests.deploy.tools import ToolMissing

MISTAKES: dict[str, tuple[str, str | re.Pattern[str], str]] = {
    "image, by hadolint": ("Dockerfile", "WORKDIR /source", "RUN cd /source && apt-get install x"),
    "Compose, by its schema": ("compose.yaml", "  cap_drop: ", "  drop_caps: "),
    "Compose, what our services may": ("compose.yaml", "read_only: true", "read_only: false"),
    "Kubernetes, by its schemas": ("kubernetes/base/worker.yaml", "replicas:", "replicaCount:"),
    "Kubernetes, what our pods may": (
        "kubernetes/base/worker.yaml",
        "runAsNonRoot: true",
        "runAsNonRoot: false",
    ),
    "Kubernetes, what belongs together": (
        "kubernetes/base/kustomization.yaml",
        "  - asker.yaml\n",
        "",
    ),
    "units, by systemd-analyze verify": (
        "systemd/lead-intent-serve.service",
        "Restart=always",
        "Restarts=always",
    ),
    "units, by systemd-analyze security": (
        "systemd/lead-intent-serve.service",
        re.compile(r"(?m)^(Protect|Private|Restrict|Capab|System|NoNew)\w+=.*\n"),
        "",
    ),
    "Prometheus, by promtool": ("prometheus/prometheus.yml", "scrape_configs", "scrape_config"),
    "alerts, tested by promtool": ("prometheus/alerts.yml", "> 60", "> 6000"),
    "alerts, what to do": ("prometheus/alerts.yml", "alert: SourceBlind", "alert: SourceMute"),
    "alerts and dashboard, their metrics": (
        "grafana/dashboards/lead-intent.json",
        "lead_intent_gaps_open",
        "lead_intent_gaps_wide_open",
    ),
    "YAML, by yamllint": (
        "compose.yaml",
        "name: lead-intent\n",
        "name: lead-intent\nname: other\n",
    ),
    "settings that exist": ("systemd/environment.example", "INTENT_LOG_JSON", "INTENT_LOG_JASON"),
    "commands that exist": ("compose.yaml", "command: [migrate]", "command: [migrate, --hard]"),
}


def _complaints(name: str, folder: Path) -> list[str]:
    try:
        return LINTS[name](folder)
    except ToolMissing as missing:
        pytest.skip(str(missing))


def test_every_lint_has_its_mistake() -> None:
    assert set(MISTAKES) == set(LINTS)


@pytest.mark.parametrize("name", LINTS)
def test_the_files_that_ship_pass(name: str) -> None:
    assert _complaints(name, FOLDER) == []


@pytest.mark.parametrize("name", MISTAKES)
def test_a_seeded_mistake_fails(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "deploy"
    shutil.copytree(FOLDER, folder)
    shutil.copytree(FOLDER.parent / "docs", tmp_path / "docs")
    file, right, wrong = MISTAKES[name]
    text = (folder / file).read_text("utf-8")
    pattern = right if isinstance(right, re.Pattern) else re.compile(re.escape(right))
    mistaken, count = pattern.subn(wrong, text)
    assert count, f"{file} has no {right}"
    (folder / file).write_text(mistaken, "utf-8")

    assert _complaints(name, folder)
