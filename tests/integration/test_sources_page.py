"""The page of sources says what the sources say of themselves."""

from __future__ import annotations

from tests.sources_page import PAGE, page_with_kinds


def test_the_page_is_what_the_sources_declare() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == page_with_kinds(page), "run `make sources`"
