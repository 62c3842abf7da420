"""The page of operators lists the metrics that there are."""

from __future__ import annotations

from tests.metrics_page import PAGE, page_with_metrics


def test_the_table_of_metrics_is_what_the_code_has() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == page_with_metrics(page), "run `make metrics`"
