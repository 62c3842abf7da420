"""Lints of deployment files by the tools that their makers use, each over a folder like ``deploy/``.

A lint returns what it complains of, one line each. A tool that is missing raises
:class:`ToolMissing`: systemd-analyze and promtool come with the system, all others with pip.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

INSTALLED = "/opt/lead-intent/.venv/bin/intent"
"""Where the units expect the service; here something else that exists stands for it."""

EXPOSURE = 20
"""Highest exposure that ``systemd-analyze security`` may find, in tenths: 0 is none, 100 all."""

SECONDS = 120


class ToolMissing(Exception):
    """A tool is not on this machine; the text says where it comes from."""


def lint_dockerfile(folder: Path) -> list[str]:
    """Return what hadolint says of the image."""
    return _run([_python_tool("hadolint"), str(folder / "Dockerfile")])


def lint_compose_schema(folder: Path) -> list[str]:
    """Return where the file for Compose breaks the schema that Compose publishes."""
    schema = ["--builtin-schema", "vendor.compose-spec"]
    return _run([_python_tool("check-jsonschema"), *schema, str(folder / "compose.yaml")])


def lint_kubernetes_schema(folder: Path) -> list[str]:
    """Return where manifests break the schemas of Kubernetes, unknown keys included."""
    manifests = sorted(
        str(path)
        for path in (folder / "kubernetes").rglob("*.yaml")
        if path.name != "kustomization.yaml"
    )
    return _run([_python_tool("kubernetes-validate"), "--strict", "--quiet", *manifests])


def lint_yaml(folder: Path) -> list[str]:
    """Return what yamllint says of every YAML file: doubled keys, tabs, wrong indents."""
    rules = "{extends: relaxed, rules: {line-length: {max: 110}, key-duplicates: enable}}"
    return _run([_python_tool("yamllint"), "--strict", "-d", rules, str(folder)])


def lint_units(folder: Path) -> list[str]:
    """Return what systemd says of its units. It ends with 0 on a key that it does not know, and so
    every line that it prints is a complaint.
    """
    tool = _system_tool("systemd-analyze", "systemd")
    with tempfile.TemporaryDirectory() as copies:
        names = _unit_copies(folder, Path(copies))
        return _run([tool, "verify", *names], silent=True)


def lint_exposure(folder: Path) -> list[str]:
    """Return the services that may do more than they need."""
    tool = _system_tool("systemd-analyze", "systemd")
    found: list[str] = []
    with tempfile.TemporaryDirectory() as copies:
        for name in _unit_copies(folder, Path(copies)):
            if name.endswith(".service"):
                security = ["security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}"]
                lines = _run([tool, *security, name])
                found += [f"{Path(name).name}: {line}" for line in lines if "Overall" in line]
    return found


def lint_prometheus(folder: Path) -> list[str]:
    """Return what promtool says of the configuration and of the rules that it names."""
    return _run([_promtool(), "check", "config", str(folder / "prometheus/prometheus.yml")])


def lint_alerts(folder: Path) -> list[str]:
    """Return the alerts that do not come, or come unasked, in the story of their tests."""
    return _run([_promtool(), "test", "rules", str(folder / "prometheus/alerts_test.yml")])


def _unit_copies(folder: Path, copies: Path) -> list[str]:
    for unit in sorted((folder / "systemd").glob("lead-intent*")):
        text = unit.read_text(encoding="utf-8").replace(INSTALLED, shutil.which("true") or "true")
        (copies / unit.name).write_text(text, encoding="utf-8")
    return [str(path) for path in sorted(copies.iterdir())]


def _promtool() -> str:
    return _system_tool("promtool", "prometheus")


def _system_tool(name: str, package: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise ToolMissing(f"{name} is not on this machine; Debian has it in the package {package}")
    return path


def _python_tool(name: str) -> str:
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        raise ToolMissing(f"{name} is missing; install the extra named check")
    return str(path)


def _run(command: Sequence[str], *, silent: bool = False) -> list[str]:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    if done.returncode or silent:
        return lines or ([f"{command[0]} failed"] if done.returncode else [])
    return []
