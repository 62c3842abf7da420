"""Rules for what is watched: every expression parses and names a metric that we have, and every alert
says what to do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser

from intent.model.database_instruments import OF_DATABASE
from intent.model.instruments import InstrumentKind
from intent.model.process_instruments import OF_PROCESSES
from tests.deploy.manifests import load

FOREIGN = {"up"}
"""Metrics that Prometheus itself makes."""


def lint_expressions(folder: Path) -> list[str]:
    """Return expressions that do not parse, and those about metrics that nobody exports."""
    known = {*_exported(), *FOREIGN}
    found: list[str] = []
    for where, expression in expressions(folder):
        try:
            tree = promql_parser.parse(expression.replace("$__rate_interval", "5m"))
        except ValueError as error:
            found.append(f"{where}: {expression}: {error}")
            continue
        unknown = sorted(set(_metrics(tree)) - known)
        found += [f"{where}: nobody exports {name}" for name in unknown]
    return found


def lint_runbook(folder: Path) -> list[str]:
    """Return the alerts that ``docs/operate.md`` says nothing of."""
    page = (folder.parent / "docs" / "operate.md").read_text("utf-8")
    headings = set(re.findall(r"^### (\w+)$", page, re.MULTILINE))
    alerts = {rule["alert"] for rule in _rules(folder)}
    missing = [f"docs/operate.md: nothing about {name}" for name in sorted(alerts - headings)]
    return missing + [
        f"alerts.yml: {rule['alert']}: no {key}"
        for rule in _rules(folder)
        for key in ("summary", "runbook")
        if not rule.get("annotations", {}).get(key)
    ]


def _exported() -> Iterator[str]:
    for instrument in (*OF_PROCESSES, *OF_DATABASE):
        if instrument.kind is InstrumentKind.HISTOGRAM:
            yield from (f"{instrument.name}_{part}" for part in ("bucket", "sum", "count"))
        else:
            yield instrument.name


def expressions(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield every expression of alerts and dashboards, with where it stands."""
    for rule in _rules(folder):
        yield f"alerts.yml: {rule['alert']}", str(rule["expr"])
    for path in sorted((folder / "grafana" / "dashboards").glob("*.json")):
        for panel in json.loads(path.read_text("utf-8"))["panels"]:
            for target in panel.get("targets", []):
                yield f"{path.name}: {panel['title']}", target["expr"]


def _rules(folder: Path) -> list[dict[str, Any]]:
    groups = load(folder / "prometheus" / "alerts.yml")["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _metrics(tree: promql_parser.Expr) -> list[str]:
    found: list[str] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector) and node.name:
            found.append(node.name)

    promql_parser.walk(tree, visit)
    return found
