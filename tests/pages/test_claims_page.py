"""Claim rounds in a real browser: opened, read while they run, corrected, closed and downloaded."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from intent.model.claim_round import read_items
from intent.operations.claims import open_claims
from intent.store.claim_rounds import RoundRequest
from intent.web.pages import claims
from tests.conftest import EPOCH
from tests.pages.conftest import OpenPage, Say
from tests.pages.test_layout import NARROW, barriers
from tests.serving import RunningServer

BAD = "<img src=x onerror=alert(1)>\u202e"
ITEMS = ["A1 | dress | red=2, blue=1 | 39", "A2 | tote | 3"]


@pytest.fixture
def round_(server: RunningServer) -> RunningServer:
    """Return a server with an open round of the room that everything is said in."""
    items = read_items(ITEMS)
    asked = RoundRequest("tiktok", "room-1", f"friday {BAD}", items, EPOCH, None, "ops")
    open_claims(server.service.app.database, asked)
    return server


def lines(page: Page) -> list[str]:
    """Return who orders what, and what became of it."""
    section = page.locator("section", has=page.get_by_role("heading", name="in order of arrival"))
    rows = section.locator("tbody tr")
    return [" ".join(row.locator("td").nth(n).inner_text() for n in (1, 2)) for row in rows.all()]


def test_lines_stand_in_order_of_arrival_with_stock_and_waitlist(
    round_: RunningServer, say: Say, open_page: OpenPage
) -> None:
    say("order A1 red 1", user_id="u1")
    say("order A2 x2", user_id=BAD)
    say("order A2 x2", user_id="u3")
    say(f"order A1 {BAD}", user_id="u4")
    page = open_page(f"{round_.url}/claims/1", viewport=NARROW)
    assert lines(page) == [
        "1 × A1 red dress served",
        "2 × A2 tote served",
        "2 × A2 tote on the waitlist, 1 served",
        "1 × A1 dress ask back: which variant?",
    ]
    stock = page.locator("section", has=page.get_by_role("heading", name="Stock")).locator("tr")
    assert [row.split("\t") for row in stock.all_inner_texts()[1:]] == [
        ["A1 dress", "red", "1", "2", "0", "39"],
        ["A1 dress", "blue", "0", "1", "0", "39"],
        ["A2 tote", "", "3", "3", "1", ""],
    ]
    expect(page.get_by_text("Nothing is ever charged")).to_be_visible()
    assert page.locator("main img").count() == 0
    for color in ("light", "dark"):
        page.emulate_media(color_scheme=color)
        assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_a_round_is_opened_and_closed_without_javascript(
    server: RunningServer, say: Say, open_page: OpenPage
) -> None:
    page = open_page(
        f"{server.url}/claims?room=room-1", java_script_enabled=False, expected=("422",)
    )
    page.get_by_label("Platform").fill("tiktok")
    page.get_by_label("What you call it").fill("friday")
    page.get_by_label("Items, one a line").fill("A1 dress")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("alert")).to_contain_text("'A1 dress' is no item")
    expect(page.get_by_label("What you call it")).to_have_value("friday")
    page.get_by_label("Items, one a line").fill("\n".join(ITEMS))
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", name="Round 1: friday")).to_be_visible()
    page.goto(f"{server.url}/claims?room=room-1&platform=tiktok")
    page.get_by_label("Items, one a line").fill("B1 | bag")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("alert")).to_contain_text("covers the same time")
    page.get_by_role("link", name="friday").click()
    page.get_by_text("Close the round").click()
    page.get_by_role("button", name="Close it now").click()
    expect(page.get_by_text("closed by local")).to_be_visible()
    expect(page.get_by_text("Close the round")).to_have_count(0)


def test_a_line_is_corrected_and_what_is_wrong_is_said(
    round_: RunningServer, say: Say, open_page: OpenPage
) -> None:
    say("order A1 red 1", user_id="u1")
    page = open_page(f"{round_.url}/claims/1", expected=("422",))
    page.get_by_role("link", name="Correct line 1").click()
    orders = page.get_by_label("Orders, such as")
    expect(orders).to_have_value("A1/red=1")
    expect(page.locator(".noted")).to_have_text("order A1 red 1")
    orders.fill("A1/green=1")
    page.get_by_role("button", name="It orders this").click()
    expect(page.get_by_role("alert")).to_contain_text("has no variant 'green'")
    orders.fill("A1/blue=1, A2=2")
    page.get_by_role("button", name="It orders this").click()
    expect(page.get_by_text("2 order lines")).to_be_visible()
    assert lines(page) == ["1 × A1 blue dress served\nsaid local", "2 × A2 tote served\nsaid local"]
    page.get_by_role("link", name="Correct line 1").click()
    page.get_by_role("button", name="It orders nothing").click()
    expect(page.get_by_text("0 order lines")).to_be_visible()


def test_the_download_holds_every_line_and_no_formula(
    round_: RunningServer,
    say: Say,
    open_page: OpenPage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(claims, "LINES", 2)
    for number in range(3):
        say("order A2 x1", user_id=f"={number}")
    page = open_page(f"{round_.url}/claims/1")
    assert len(lines(page)) == 2
    page.get_by_role("link", name="Later lines").click()
    expect(page.get_by_role("link", name="Earlier lines")).to_be_visible()
    assert len(lines(page)) == 1
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    download.value.save_as(tmp_path / "lines.csv")
    rows = list(csv.DictReader((tmp_path / "lines.csv").open(newline="")))
    assert [row["who"] for row in rows] == ["'=0", "'=1", "'=2"]


def test_a_round_that_is_not_there_is_one_clear_answer(
    server: RunningServer, open_page: OpenPage
) -> None:
    page = open_page(f"{server.url}/claims/9", expected=("404",))
    expect(page.get_by_text("there is no claim round 9")).to_be_visible()
