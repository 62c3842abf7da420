"""Rules of our own for deployment files: what no schema knows about this service."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
import yaml
from typer.core import TyperGroup
from typer.main import get_command

from intent.bootstrap.settings import Settings
from intent.cli.app import app

IMAGE = "lead-intent"


@dataclass(frozen=True, slots=True)
class Started:
    """One process of the service.

    Attributes:
        where: file and name, as a complaint shows it.
        arguments: what follows ``intent``.
        environment: variables that the file sets, by name.
    """

    where: str
    arguments: tuple[str, ...]
    environment: dict[str, str]


def lint_compose_services(folder: Path) -> list[str]:
    """Return what our services in the file for Compose are allowed and should not be."""
    found: list[str] = []
    for name, service in _ours(folder).items():
        wanted = {"read_only": True, "cap_drop": ["ALL"]}
        found += [
            f"compose.yaml: {name}: {key} has to be {value}"
            for key, value in wanted.items()
            if service.get(key) != value
        ]
        if "no-new-privileges:true" not in service.get("security_opt", []):
            found.append(f"compose.yaml: {name}: security_opt has to forbid new privileges")
        if name != "migrate" and "healthcheck" not in service:
            found.append(f"compose.yaml: {name}: nobody asks whether it is healthy")
        for port in service.get("ports", []):
            if not str(port).startswith("127.0.0.1:"):
                found.append(f"compose.yaml: {name}: port {port} is open to every network")
    return found


def lint_pods(folder: Path) -> list[str]:
    """Return what containers in Kubernetes are allowed and should not be, and who watches them."""
    found: list[str] = []
    for where, kind, pod in _pods(folder):
        if not pod.get("securityContext", {}).get("runAsNonRoot"):
            found.append(f"{where}: may run as root")
        if pod.get("automountServiceAccountToken", True):
            found.append(f"{where}: gets a token of the cluster that it does not need")
        for container in pod["containers"]:
            security = container.get("securityContext", {})
            if not security.get("readOnlyRootFilesystem"):
                found.append(f"{where}: may write to its root")
            if security.get("capabilities", {}).get("drop") != ["ALL"]:
                found.append(f"{where}: keeps capabilities")
            if "memory" not in container.get("resources", {}).get("limits", {}):
                found.append(f"{where}: its memory has no limit")
            probes = {"readinessProbe", "livenessProbe"} - set(container)
            if kind == "Deployment" and probes:
                found.append(f"{where}: lacks {', '.join(sorted(probes))}")
    return found


def lint_kustomizations(folder: Path) -> list[str]:
    """Return what kustomizations name and nobody wrote, and manifests that none of them names."""
    found: list[str] = []
    for path in sorted((folder / "kubernetes").rglob("kustomization.yaml")):
        resources = load(path).get("resources", [])
        where = path.relative_to(folder)
        missing = [name for name in resources if not (path.parent / name).exists()]
        found += [f"{where}: there is no {name}" for name in missing]
        beside = {other.name for other in path.parent.glob("*.yaml")} - {path.name}
        found += [f"{where}: leaves out {name}" for name in sorted(beside - set(resources))]
    return found


def lint_environment(folder: Path) -> list[str]:
    """Return variables that look like settings of ours and are none."""
    known = {f"INTENT_{name.upper()}" for name in Settings.model_fields}
    known.add("INTENT_LLM_API_KEY")
    return [
        f"{path.relative_to(folder)}: there is no setting {name}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for name in sorted(set(re.findall(r"\bINTENT_[A-Z_]+\b", path.read_text("utf-8"))) - known)
    ]


def lint_commands(folder: Path) -> list[str]:
    """Return processes that the command line would refuse: an unknown verb or option."""
    return [
        f"{process.where}: intent {' '.join(process.arguments)}: {reason}"
        for process in started(folder)
        if (reason := _refused(process.arguments))
    ]


def started(folder: Path) -> Iterator[Started]:
    """Yield every process that the files start, whatever starts it."""
    for name, service in _ours(folder).items():
        environment = {key: str(value) for key, value in service["environment"].items()}
        yield Started(f"compose.yaml: {name}", tuple(service["command"]), environment)
    for where, _, pod in _pods(folder):
        for container in pod["containers"]:
            yield Started(where, tuple(container["args"]), {})
    for unit in sorted((folder / "systemd").glob("*.service")):
        for line in re.findall(r"^ExecStart=(.*)$", unit.read_text("utf-8"), re.MULTILINE):
            words = shlex.split(line.replace("%i", "1"))
            yield Started(f"systemd/{unit.name}", tuple(words[1:]), {})


def _refused(arguments: Sequence[str]) -> str | None:
    command, rest = get_command(app), list(arguments)
    while isinstance(command, TyperGroup):
        found = command.commands.get(rest[0]) if rest else None
        if found is None:
            return "there is no such verb"
        command, rest = found, rest[1:]
    try:
        command.make_context(arguments[0], rest)
    except typer.TyperException as error:
        return str(error)
    return None


def _ours(folder: Path) -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = load(folder / "compose.yaml")["services"]
    return {name: value for name, value in services.items() if value.get("image") == IMAGE}


def _pods(folder: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path in sorted((folder / "kubernetes" / "base").glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            template = document.get("spec", {}).get("template")
            if template:
                name = document["metadata"]["name"]
                yield f"{path.relative_to(folder)}: {name}", document["kind"], template["spec"]


def load(path: Path) -> Any:
    """Return what a YAML file of one document says."""
    return yaml.safe_load(path.read_text("utf-8"))
