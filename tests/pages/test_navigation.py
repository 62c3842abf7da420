"""Where people get to: everybody is led to what their key opens, and to nothing else."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from intent.model.principal import Scope
from intent.operations.keys import create_key
from tests.pages.conftest import OpenPage, Say
from tests.pages.test_layout import NARROW, barriers
from tests.pages.test_lead_actions import sign_in
from tests.serving import RunningServer


def links(page: Page) -> list[str]:
    return page.locator("nav a").all_inner_texts()


@pytest.mark.parametrize(
    ("scope", "place", "shown"),
    [
        (Scope.LEADS, "/", ["Leads", "Rooms", "Claims"]),
        (Scope.READ, "/rooms", ["Rooms"]),
        (Scope.ADMIN, "/", ["Leads", "Rooms", "Claims", "Operator"]),
    ],
)
def test_who_signs_in_lands_on_what_their_key_opens(
    scope: Scope, place: str, shown: list[str], server: RunningServer, open_page: OpenPage
) -> None:
    key = create_key(server.service.app.database, "maya", [scope]).text
    page = sign_in(open_page(server.url, viewport=NARROW), key)
    assert page.url == server.url + place
    assert links(page) == shown
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert barriers(page) == []


def test_who_only_reads_sees_reports_and_no_lead(
    server: RunningServer, say: Say, open_page: OpenPage
) -> None:
    say("order one", room_id="a/b?c")
    key = create_key(server.service.app.database, "maya", [Scope.READ]).text
    page = open_page(server.url, expected=("status of 403",), viewport=NARROW)
    sign_in(page, key)
    assert page.locator("main a").all_inner_texts() == ["report"]
    page.get_by_role("link", name="Report of a/b?c").click()
    expect(page.get_by_role("heading", name="a/b?c")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert barriers(page) == []
    page.goto(f"{server.url}/claims")
    expect(page.get_by_text("this takes a key with the scope leads")).to_be_visible()


def test_what_the_inbox_shows_is_downloaded_by_who_is_signed_in(
    server: RunningServer, say: Say, open_page: OpenPage, tmp_path: Path
) -> None:
    say("order one", user_id="=1")
    say("order two")
    key = create_key(server.service.app.database, "maya", [Scope.LEADS]).text
    page = sign_in(open_page(f"{server.url}/?q=one"), key)
    with page.expect_download() as download:
        page.get_by_role("link", name="These leads as CSV").click()
    download.value.save_as(tmp_path / "leads.csv")
    rows = list(csv.DictReader((tmp_path / "leads.csv").open(newline="")))
    assert [(row["user_id"], row["text"]) for row in rows] == [("'=1", "order one")]
