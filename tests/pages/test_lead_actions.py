"""Leads handled in a real browser: by buttons and keys, by several people at once, with whatever they
write down.
"""

from __future__ import annotations

import re
from threading import Event

import pytest
from playwright.sync_api import Locator, Page, expect

from intent.bootstrap.erasing import forget_subject
from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.lead import Handling, LeadAction, read_lead_id
from intent.model.principal import Scope
from intent.operations.keys import create_key, revoke_keys
from intent.web import lead_tail
from intent.web.lead_tail import LeadTail
from tests.pages.conftest import OpenPage, Say
from tests.pages.test_layout import NARROW, barriers
from tests.pages.test_lead_pages import live
from tests.serving import RunningServer

NAME = "<img src=x onerror=alert(1)>\u202e"
HOSTILE = "<script>document.title='bad'</script>\u202e{{ 7*7 }}" + "x" * 400
STATES = {"t": "taken by", "d": "done by", "a": "said on air"}


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let open pages hear nothing new, as if two people pressed at the same moment."""
    monkeypatch.setattr(lead_tail, "POLL_SECONDS", 600.0)
    monkeypatch.setattr(LeadTail, "wake", lambda tail: None)


def keys_of(server: RunningServer, *names: str) -> list[str]:
    database = server.service.app.database
    return [create_key(database, name, [Scope.LEADS]).text for name in names]


def sign_in(page: Page, key: str) -> Page:
    page.get_by_label("Your key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("footer")).to_contain_text("Signed in as")
    return page


def first(page: Page) -> Locator:
    return page.locator(".lead").first


def press(page: Page, name: str) -> None:
    first(page).get_by_role("button", name=name, exact=True).click()


def take_elsewhere(server: RunningServer, page: Page) -> None:
    path = first(page).locator(".meta a").last.get_attribute("href")
    assert page.request.post(f"{server.url}/v1{path}:take", data={}).ok


def forget(server: RunningServer, user: str) -> None:
    subject = DataSubject(SubjectKind.USER, "tiktok", user)
    forget_subject(server.service.app, subject, stop=Event(), anyway=True)


@pytest.mark.parametrize("key", [*STATES])
def test_a_key_handles_the_lead_that_has_the_focus(
    key: str, server: RunningServer, say: Say, open_page: OpenPage
) -> None:
    say("order one", "order two")
    page = live(open_page(server.url))
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press(key)
    expect(page.locator(".lead", has_text="order one").locator(".state")).to_contain_text(
        STATES[key]
    )
    expect(page.locator(".lead", has_text="order one")).to_be_focused()
    expect(page.locator(".lead", has_text="order two").locator(".state")).to_have_text("waiting")


def test_what_is_no_lead_goes_and_can_be_brought_back(
    server: RunningServer, say: Say, open_page: OpenPage
) -> None:
    say("order one", "order two")
    page = live(open_page(server.url))
    page.keyboard.press("j")
    page.keyboard.press("n")
    expect(page.locator(".lead")).to_have_count(1)
    expect(first(page)).to_be_focused()
    page.goto(f"{server.url}/?state=not_a_lead")
    expect(first(page)).to_contain_text("order two")
    first(page).locator(".meta a").last.click()
    press(page, "It is a lead")
    expect(first(page).locator(".state")).to_have_text("waiting")
    expect(page.locator(".history li")).to_have_count(2)


def test_of_two_who_take_a_lead_one_wins_and_the_other_is_told_who(
    server: RunningServer, say: Say, open_page: OpenPage, deaf: None
) -> None:
    say("order one")
    maya, ben = keys_of(server, "maya", "ben")
    one = sign_in(open_page(server.url), maya)
    other = sign_in(open_page(server.url, expected=("status of 409",)), ben)
    with one.expect_response("**/leads/*"):
        press(one, "Take")
    press(other, "Take")
    expect(first(other).get_by_role("alert")).to_contain_text("last handled by maya")
    expect(first(one).get_by_role("alert")).to_be_hidden()
    other.reload()
    expect(first(other).locator(".state")).to_have_text("taken by maya")


def test_who_was_first_is_still_told_when_the_card_is_replaced(
    server: RunningServer, say: Say, open_page: OpenPage
) -> None:
    say("order one")
    page = live(open_page(server.url, expected=("status of 409",)))
    page.evaluate("document.querySelector('[name=expected]').value = '7'")
    press(page, "Take")
    told = first(page).get_by_role("alert")
    expect(told).to_contain_text("since you looked")
    page.request.post(
        f"{server.url}/v1{first(page).locator('.meta a').last.get_attribute('href')}:take", data={}
    )
    expect(first(page).locator(".state")).to_contain_text("taken by")
    expect(told).to_be_visible()
    press(page, "Done")
    expect(first(page).locator(".state")).to_contain_text("done by")
    expect(told).to_be_hidden()


def test_a_half_written_note_outlives_what_others_do(
    server: RunningServer, say: Say, open_page: OpenPage
) -> None:
    say("order one")
    page = live(open_page(server.url))
    first(page).get_by_text("Note", exact=True).click()
    note = first(page).get_by_role("textbox")
    note.fill("call her ")
    page.request.post(
        f"{server.url}/v1{first(page).locator('.meta a').last.get_attribute('href')}:take", data={}
    )
    expect(first(page).locator(".state")).to_contain_text("taken by")
    expect(note).to_be_focused()
    page.keyboard.type("back")
    first(page).get_by_role("button", name="Keep").click()
    expect(note).to_be_hidden()
    first(page).locator(".meta a").last.click()
    expect(page.locator(".history .noted")).to_have_text("call her back")


@pytest.mark.parametrize("javascript", [True, False])
def test_hostile_notes_and_names_stay_texts(
    javascript: bool, server: RunningServer, say: Say, open_page: OpenPage
) -> None:
    say("order one")
    page = open_page(server.url, java_script_enabled=javascript, viewport=NARROW)
    path = first(page).locator(".meta a").last.get_attribute("href") or ""
    identity = read_lead_id(path.removeprefix("/leads/"))
    take = Handling(*identity, LeadAction.TAKE, action_id="1", acted_by=NAME)
    server.service.handle(take)
    page.reload()
    expect(first(page).locator(".state")).to_have_text(f"taken by {NAME}")
    first(page).locator(".meta a").last.click()
    first(page).get_by_text("Note", exact=True).click()
    first(page).get_by_role("textbox").fill(HOSTILE)
    first(page).get_by_role("button", name="Keep").click()
    expect(page.locator(".history .noted")).to_have_text(HOSTILE)
    expect(page.locator(".history bdi").first).to_have_text(NAME)
    assert page.locator(".history script, .history img, .lead img").count() == 0
    expect(page).to_have_title(re.compile("^u"))
    if javascript:
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
        assert barriers(page) == []


def test_buttons_work_without_javascript_and_who_is_second_is_told(
    server: RunningServer, say: Say, open_page: OpenPage
) -> None:
    say("order one")
    maya, ben = keys_of(server, "maya", "ben")
    one = sign_in(open_page(server.url, java_script_enabled=False), maya)
    other = sign_in(open_page(server.url, java_script_enabled=False, expected=("409",)), ben)
    press(one, "Take")
    expect(first(one).locator(".state")).to_have_text("taken by maya")
    press(other, "Done")
    expect(other.get_by_role("alert")).to_contain_text("last handled by maya")
    press(other, "Done")
    expect(first(other).locator(".state")).to_have_text("done by ben")
    expect(other.locator(".history li")).to_have_count(2)


@pytest.mark.parametrize("javascript", [True, False])
def test_a_lead_that_was_erased_meanwhile_gets_one_clear_answer(
    javascript: bool, server: RunningServer, say: Say, open_page: OpenPage, deaf: None
) -> None:
    say("order one", user_id="u-9")
    page = open_page(server.url, java_script_enabled=javascript, expected=("status of 404",))
    forget(server, "u-9")
    press(page, "Take")
    expect(page.locator(".told")).to_contain_text("it may have been erased")


@pytest.mark.parametrize("javascript", [True, False])
def test_whose_session_has_ended_is_told_and_loses_no_note(
    javascript: bool, server: RunningServer, say: Say, open_page: OpenPage, deaf: None
) -> None:
    say("order one")
    [key] = keys_of(server, "maya")
    page = open_page(server.url, java_script_enabled=javascript, expected=("status of 401",))
    sign_in(page, key)
    first(page).get_by_text("Note", exact=True).click()
    first(page).get_by_role("textbox").fill("call her back")
    revoke_keys(server.service.app.database, "maya")
    first(page).get_by_role("button", name="Keep").click()
    expect(page.locator(".told")).to_contain_text("you are signed out")
    if javascript:
        expect(first(page).get_by_role("textbox")).to_have_value("call her back")


def test_a_form_without_the_token_of_its_page_is_refused(
    server: RunningServer, say: Say, open_page: OpenPage
) -> None:
    say("order one")
    page = live(open_page(server.url, expected=("status of 403",)))
    page.evaluate("document.querySelector('.acts [name=csrf]').value = 'x'")
    press(page, "Take")
    expect(first(page).get_by_role("alert")).to_contain_text("load the page again")
    page.reload()
    expect(first(page).locator(".state")).to_have_text("waiting")
