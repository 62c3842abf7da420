"""The inbox of leads in a real browser: live, whatever is written, whoever looks at it."""

from __future__ import annotations

import re
from threading import Event

import pytest
from playwright.sync_api import Page, expect

from intent.bootstrap.erasing import forget_subject
from intent.model.data_subject import DataSubject, SubjectKind
from intent.web import lead_stream, lead_tail
from tests.pages.conftest import OpenPage, Say
from tests.pages.test_layout import NARROW, barriers
from tests.serving import RunningServer

HOSTILE = [
    "order <script>document.title='bad'</script><img src=x onerror=alert(1)>",
    "order \u202eleft to right\u202c \u200b\u2066",
    "order " + "x" * 8000,
    "order " + "Z\u0338\u0322\u034d\u0316a\u0337\u034e" * 60,
    "order \U0001f469\u200d\U0001f469\u200d\U0001f467\U0001f1e6\U0001f1fa",
    "order\r\n\r\nevent: gone\ndata: all\u2028{{ 7*7 }}",
    "\u0623\u0631\u064a\u062f order 50",
]


def texts(page: Page) -> list[str]:
    return page.locator(".lead .text").all_inner_texts()


def live(page: Page) -> Page:
    expect(page.locator("#line")).to_have_text("live")
    return page


def test_a_lead_appears_by_itself_on_top(
    server: RunningServer, say: Say, open_page: OpenPage
) -> None:
    say("order one")
    page = live(open_page(server.url))
    say("order two", "nice hair")
    expect(page.locator(".lead")).to_have_count(2)
    assert texts(page) == ["order two", "order one"]
    expect(page.locator("#counters dd").first).to_have_text("2")


def test_nothing_is_lost_or_doubled_over_twenty_dropped_streams(
    server: RunningServer, say: Say, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lead_stream, "LONGEST_STREAM", 0.05)
    monkeypatch.setattr(lead_tail, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(lead_stream, "RETRY", 50)
    page = open_page(server.url)
    for number in range(20):
        with page.expect_request("**/inbox/stream*"):
            say(f"order {number}")
    expect(page.locator("#counters dd").first).to_have_text("20")
    page.evaluate("tidy()")
    expect(page.locator(".lead")).to_have_count(20)
    assert texts(page) == [f"order {number}" for number in reversed(range(20))]


def test_a_reader_who_has_scrolled_is_told_and_not_moved(
    server: RunningServer, say: Say, open_page: OpenPage
) -> None:
    say(*(f"order {number}" for number in range(30)))
    page = live(open_page(server.url))
    page.mouse.wheel(0, 600)
    expect(page.locator(".lead").nth(5)).to_be_in_viewport()
    say("order a", "order b")
    expect(page.locator("#arrived")).to_have_text("2 new")
    expect(page.locator(".lead")).to_have_count(30)
    page.locator("#arrived").click()
    expect(page.locator(".lead")).to_have_count(32)
    expect(page.locator(".lead .text").first).to_have_text("order b")


@pytest.mark.parametrize("javascript", [True, False])
def test_hostile_texts_stay_texts(
    javascript: bool, server: RunningServer, say: Say, open_page: OpenPage
) -> None:
    page = open_page(server.url, java_script_enabled=javascript, viewport=NARROW)
    say(*HOSTILE, user_id="<b>u</b>\u202e'\"&", room_id="r?a=<i>&b=1#")
    page.reload()
    expect(page.locator(".lead")).to_have_count(len(HOSTILE))
    assert page.locator(".lead script, .lead img, .lead b, .lead i").count() == 0
    shown = texts(page)
    assert any("<script>document.title='bad'</script>" in text for text in shown)
    assert any("{{ 7*7 }}" in text for text in shown)
    assert max(map(len, shown)) < 600
    assert page.locator(".who").first.inner_text() == "<b>u</b>\u202e'\"&"
    if javascript:
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    page.locator(".lead .meta a").first.click()
    expect(page.locator("#counters dd").first).to_have_text(str(len(HOSTILE)))


def test_hostile_texts_stay_texts_when_they_arrive(
    server: RunningServer, say: Say, open_page: OpenPage
) -> None:
    page = live(open_page(server.url))
    say(*HOSTILE)
    expect(page.locator(".lead")).to_have_count(len(HOSTILE))
    assert page.locator(".lead script, .lead img").count() == 0
    expect(page).to_have_title("Leads")


def test_an_erased_lead_goes_from_the_open_page(
    server: RunningServer, say: Say, open_page: OpenPage
) -> None:
    say("order one", user_id="u-9")
    say("order two")
    page = live(open_page(server.url))
    expect(page.locator(".lead")).to_have_count(2)
    subject = DataSubject(SubjectKind.USER, "tiktok", "u-9")
    forget_subject(server.service.app, subject, stop=Event(), anyway=True)
    expect(page.locator(".lead")).to_have_count(1)
    assert texts(page) == ["order two"]


def test_keys_move_search_and_help(server: RunningServer, say: Say, open_page: OpenPage) -> None:
    say("order one", "order two")
    page = live(open_page(server.url))
    page.keyboard.press("j")
    expect(page.locator(".lead").first).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator(".lead").nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator(".lead").first).to_be_focused()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    expect(page.locator(".lead")).to_have_count(1)
    assert texts(page) == ["order two"]


@pytest.mark.parametrize("color", ["light", "dark"])
def test_nothing_keeps_people_out_of_a_full_inbox(
    color: str, server: RunningServer, say: Say, open_page: OpenPage
) -> None:
    say(*HOSTILE, "order one")
    page = live(open_page(server.url, color_scheme=color))
    assert barriers(page) == []
    page.goto(f"{server.url}/rooms")
    assert barriers(page) == []


def test_filters_work_without_javascript_and_older_leads_follow(
    server: RunningServer, say: Say, open_page: OpenPage
) -> None:
    say(*(f"order {number}" for number in range(45)))
    page = open_page(server.url, java_script_enabled=False)
    expect(page.locator(".lead")).to_have_count(30)
    first = texts(page)
    page.get_by_text("Older leads").click()
    expect(page.locator(".lead")).to_have_count(15)
    assert len({*first, *texts(page)}) == 45
    page.goto(server.url)
    page.locator(".filters select[name=state]").select_option("done")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("No lead matches these filters")).to_be_visible()


def test_the_first_page_is_small(server: RunningServer, say: Say, open_page: OpenPage) -> None:
    say(*(f"order {number} " + "x" * 2000 for number in range(45)))
    page = open_page(server.url)
    sizes = [len(page.request.get(server.url).body())]
    sizes += [len(page.request.get(f"{server.url}/static/{name}").body()) for name in LOADED]
    assert sum(sizes) <= 100_000


LOADED = ("style.css", "pages.js", "icon.svg")


def test_a_place_from_elsewhere_is_refused_in_one_sentence(
    server: RunningServer, open_page: OpenPage
) -> None:
    page = open_page(f"{server.url}/?behind=x", expected=("status of 422",))
    expect(page.get_by_text(re.compile("no place in the inbox"))).to_be_visible()
