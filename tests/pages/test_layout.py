"""Every page can be read by anybody, on any screen."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.pages.conftest import OpenPage, StartServing

PAGES = ("/", "/nothing-is-here", "/api")
NARROW, WIDE = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
MISSING = ("status of 404",)


def barriers(page: Any) -> list[tuple[str, str, str]]:
    """Return what keeps people out of a page: impact, rule, first place (deque's axe)."""
    found = Axe().run(page).response["violations"]
    return [
        (one["impact"], one["id"], str(one["nodes"][0]["target"]))
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("color", ["light", "dark"])
def test_nothing_keeps_people_out(
    path: str, color: str, start_serving: StartServing, open_page: OpenPage
) -> None:
    with start_serving() as server:
        page = open_page(server.url + path, color_scheme=color, expected=MISSING)
        assert barriers(page) == []


@pytest.mark.parametrize("path", PAGES)
def test_a_narrow_screen_never_scrolls_sideways(
    path: str, start_serving: StartServing, open_page: OpenPage
) -> None:
    with start_serving() as server:
        page = open_page(server.url + path, viewport=NARROW, expected=MISSING)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
