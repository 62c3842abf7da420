"""All lints of deployment files, by what they look at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.deploy import dashboards, manifests, tools

LINTS: dict[str, Callable[[Path], list[str]]] = {
    "image, by hadolint": tools.lint_dockerfile,
    "Compose, by its schema": tools.lint_compose_schema,
    "Compose, what our services may": manifests.lint_compose_services,
    "Kubernetes, by its schemas": tools.lint_kubernetes_schema,
    "Kubernetes, what our pods may": manifests.lint_pods,
    "Kubernetes, what belongs together": manifests.lint_kustomizations,
    "units, by systemd-analyze verify": tools.lint_units,
    "units, by systemd-analyze security": tools.lint_exposure,
    "Prometheus, by promtool": tools.lint_prometheus,
    "alerts, tested by promtool": tools.lint_alerts,
    "alerts, what to do": dashboards.lint_runbook,
    "alerts and dashboard, their metrics": dashboards.lint_expressions,
    "YAML, by yamllint": tools.lint_yaml,
    "settings that exist": manifests.lint_environment,
    "commands that exist": manifests.lint_commands,
}
