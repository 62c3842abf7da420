"""Every page is worked by keyboard alone: what can be pressed is reached, in order, and seen."""

from __future__ import annotations

from playwright.sync_api import Page

from intent.model.claim_round import read_items
from intent.operations.claims import open_claims
from intent.store.claim_rounds import RoundRequest
from tests.conftest import EPOCH
from tests.pages.conftest import OpenPage, Say
from tests.serving import RunningServer

PAGES = ("/", "/rooms", "/claims", "/claims/1", "/operator", "/rooms/report?room=room-1")

PRESSABLE = """() => [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, .scroll, .wide[tabindex]')]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }))"""


def reached(page: Page, most: int) -> list[int]:
    """Return the places of what the focus comes to, in the order of Tab; each shows an outline."""
    places: list[int] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        place, outlined = page.evaluate(
            f"""() => [({PRESSABLE})().indexOf(document.activeElement),
                getComputedStyle(document.activeElement).outlineStyle !== 'none']"""
        )
        if place in places:
            break
        if place >= 0:
            assert outlined, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
            places.append(place)
    return places


def test_whatever_can_be_pressed_is_reached_by_tab_in_order_and_seen(
    server: RunningServer, say: Say, open_page: OpenPage
) -> None:
    say("order A1 red 1")
    asked = RoundRequest(
        "tiktok", "room-1", "friday", read_items(["A1 | tote"]), EPOCH, None, "ops"
    )
    open_claims(server.service.app.database, asked)
    page = open_page(server.url)
    for path in PAGES:
        page.goto(server.url + path)
        count = page.evaluate(f"({PRESSABLE})().length")
        assert count >= 5
        assert reached(page, count + 20) == list(range(count)), path
