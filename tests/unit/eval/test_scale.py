"""What the page of scale says follows from what was measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.bench.scale import DATABASE, Resource, limiting, read_resources, scale_table
from eval.bench.scale_plot import scale_plot
from intent.model.errors import WrongUse

DOCS = Path(__file__).parents[3] / "docs"


def test_the_table_of_the_page_is_what_the_measurement_says() -> None:
    measured = (DOCS / "plots" / "scale.jsonl").read_text(encoding="utf-8").splitlines()
    table = scale_table(read_resources(measured))
    assert table in (DOCS / "scale.md").read_text(encoding="utf-8")


def test_the_plot_of_the_page_has_every_resource_with_its_seconds(tmp_path: Path) -> None:
    measured = (DOCS / "plots" / "scale.jsonl").read_text(encoding="utf-8").splitlines()
    resources = read_resources(measured)
    scale_plot(resources, tmp_path / "drawn.svg")
    shown = [f"{one.name} ({one.of})" for one in resources]
    shown += [f"{one.seconds:,.0f}" for one in resources]
    for path in (tmp_path / "drawn.svg", DOCS / "plots" / "scale_resources.svg"):
        drawn = path.read_text(encoding="utf-8")
        assert [one for one in shown if f"{one} -->" not in drawn] == []


def test_what_counts_other_things_than_messages_is_no_limit_to_them() -> None:
    rows = Resource("features", 1e6, "rows")
    assert limiting([rows, Resource(DATABASE, 1.0)]).name == DATABASE


def test_a_machine_carries_what_seven_tenths_of_its_cores_do() -> None:
    worker, database = Resource("worker", 11_200.0), Resource(DATABASE, 112.0)
    assert (worker.ceiling, database.ceiling) == (1_000.0, 100_000.0)
    assert limiting([database, worker]) == worker
    assert [worker.machines(rate) for rate in (1, 1_000, 1_001)] == [1, 1, 2]
    assert database.cores(10_000) == pytest.approx(1.12)


def test_only_one_worker_with_the_shipped_model_over_postgresql_is_counted() -> None:
    line = {"database_kind": "postgresql", "classifier": "constant", "database": 1.0}
    with pytest.raises(WrongUse):
        read_resources([json.dumps(line)])
    line |= {"classifier": "shipped", "workers_used": 5.0}
    found = read_resources([json.dumps(line), '{"resource": "HTTP", "seconds": 3}'])
    assert [resource.seconds for resource in found] == [5.0, 1.0, 3]
