"""The operator's page in a real browser: what it shows, and what a person does there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from intent.bootstrap.hooks import build_signer
from intent.model.batch import Batch, Gap, Refused
from intent.model.listening import SourceNews, SourceState
from intent.model.principal import Scope
from intent.operations.hooks import add_hook
from intent.operations.keys import create_key
from intent.store.dead_letters import read_dead_letters, record_message
from intent.store.listened import SqlListenedSources
from intent.web.audit_run import AuditRun
from tests.conftest import EPOCH, MakeMessage, rows
from tests.pages.conftest import OpenPage, Say
from tests.pages.test_layout import NARROW, barriers
from tests.pages.test_lead_actions import sign_in
from tests.serving import RunningServer

BAD = "<img src=x onerror=alert(1)>\u202e"
DROPPED = "dropped for good"


@pytest.fixture
def busy(server: RunningServer, make_message: MakeMessage) -> RunningServer:
    """Return a server of which everything can be told: two messages that could not be decided, a
    payload that is none, a source with gaps, a receiver.
    """
    app = server.service.app
    refused = [Refused(f"the line is no JSON {BAD}", b"{<i>", "d" * 64, f"file:{BAD}")]
    news = SourceNews(
        f"twitch:#{BAD}", "twitch", SourceState.FAILED, error=f"lost {BAD}", error_at=EPOCH
    )
    lasting = Gap("tiktok", BAD, EPOCH, None, BAD, source=news.source)
    gaps = (
        lasting,
        Gap("tiktok", "r-2", EPOCH, EPOCH + timedelta(minutes=1), "lost", source=news.source),
    )
    messages = [make_message(text, message_id=text) for text in ("m1", "m2")]
    app.inbox.put(Batch(messages, refused=refused, gaps=gaps))
    SqlListenedSources(app.database).tell([news])
    taken = app.inbox.take(10, 1_000_000)
    with app.database.begin() as transaction:
        for delivery in app.inbox.done(transaction, taken):
            record_message(transaction, delivery.message, "Undecidable", 3)
    add_hook(app.database, build_signer(app, make=True), app.taxonomy, "https://shop.example/")
    return server


def letters(server: RunningServer) -> list[str | None]:
    return [one.message_id for one in read_dead_letters(server.service.app.database)]


def operator(server: RunningServer, open_page: OpenPage, **options: object) -> Page:
    return open_page(f"{server.url}/operator", **options)


def test_everything_is_shown_to_everybody(busy: RunningServer, open_page: OpenPage) -> None:
    page = operator(busy, open_page, viewport=NARROW)
    for words in ("Healthy", "lost", "Dead letters: 3", "shop.example", "$0.0000", "Run the audit"):
        expect(page.get_by_text(words).first).to_be_visible()
    page.get_by_text("Gaps: those that last").click()
    expect(
        page.locator("section", has_text="Sources").get_by_text("lasts", exact=True)
    ).to_be_visible()
    assert page.locator("main img").count() == 0
    for color in ("light", "dark"):
        page.emulate_media(color_scheme=color)
        assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


@pytest.mark.parametrize("javascript", [True, False])
def test_a_chosen_letter_is_put_into_the_inbox_again(
    javascript: bool, busy: RunningServer, open_page: OpenPage
) -> None:
    page = operator(busy, open_page, java_script_enabled=javascript)
    page.get_by_role("row", name="tiktok:m1").get_by_role("checkbox").check()
    page.get_by_role("button", name="Put the chosen").click()
    expect(page.get_by_role("status")).to_have_text("1 messages wait in the inbox again")
    assert letters(busy) == [None, "m2"]
    assert [row["message_id"] for row in rows(busy.service.app.database, "inbox")] == ["m1"]


def test_what_is_no_message_cannot_be_replayed_and_is_dropped(
    busy: RunningServer, open_page: OpenPage
) -> None:
    page = operator(busy, open_page, expected=("status of 409",))
    page.get_by_role("row", name="no message").get_by_role("checkbox").check()
    page.get_by_role("button", name="Put the chosen").click()
    expect(page.get_by_role("alert")).to_contain_text("is no message")
    page.get_by_role("row", name="no message").get_by_role("checkbox").check()
    page.get_by_role("button", name="Drop the chosen").click()
    assert letters(busy) == ["m1", "m2"]


def test_all_letters_of_a_reason_are_dropped_together_after_a_second_look(
    busy: RunningServer, open_page: OpenPage
) -> None:
    page = operator(busy, open_page)
    page.get_by_role("link", name="Undecidable").click()
    expect(page.get_by_role("row")).to_contain_text(["tiktok:m1", "tiktok:m2"])
    expect(page.get_by_role("button", name="Drop all")).to_be_hidden()
    page.get_by_text("All whose reason holds").click()
    page.get_by_role("button", name="Drop all").click()
    expect(page.get_by_role("status")).to_have_text("2 dead letters dropped")
    assert letters(busy) == [None]


def test_a_letter_that_somebody_else_dropped_gets_one_clear_answer(
    busy: RunningServer, open_page: OpenPage
) -> None:
    page = operator(busy, open_page, expected=("status of 409",))
    page.get_by_role("row", name="tiktok:m1").get_by_role("checkbox").check()
    other = operator(busy, open_page)
    other.get_by_role("row", name="tiktok:m1").get_by_role("checkbox").check()
    other.get_by_role("button", name="Drop the chosen").click()
    expect(other.get_by_role("status")).to_contain_text("1 dead letters dropped")
    page.get_by_role("button", name="Put the chosen").click()
    expect(page.get_by_role("alert")).to_contain_text("there is no dead letter")
    page.get_by_role("button", name="Drop the chosen").click()
    expect(page.get_by_role("alert")).to_contain_text("choose dead letters first")


def test_the_asking_is_paused_and_a_receiver_too(busy: RunningServer, open_page: OpenPage) -> None:
    page = operator(busy, open_page, java_script_enabled=False)
    page.get_by_role("button", name="Pause the asking").click()
    expect(page.get_by_text("Paused since")).to_be_visible()
    page.get_by_role("button", name="Go on asking").click()
    page.get_by_role("button", name="Pause shop.example").click()
    expect(page.get_by_text("paused by hand")).to_be_visible()
    page.get_by_role("button", name="Go on with shop.example").click()
    expect(page.get_by_role("button", name="Pause shop.example")).to_be_visible()


def test_the_audit_runs_beside_the_requests_and_says_what_it_found(
    busy: RunningServer, say: Say, open_page: OpenPage
) -> None:
    say("order one")
    page = operator(busy, open_page, java_script_enabled=False)
    page.get_by_role("button", name="Run the audit").click()
    while busy.service.shared(AuditRun).running:
        page.goto(f"{busy.url}/operator")
    page.goto(f"{busy.url}/operator")
    expect(page.get_by_text("The audit holds.")).to_be_visible()
    expect(page.get_by_text("3 accepted = 1 decided + 0 waiting + 2 dead")).to_be_visible()


def test_a_form_without_its_token_does_nothing(busy: RunningServer, open_page: OpenPage) -> None:
    page = operator(busy, open_page, expected=("status of 403",))
    page.evaluate("for (const one of document.querySelectorAll('[name=csrf]')) one.value = 'x'")
    page.get_by_role("row", name="tiktok:m1").get_by_role("checkbox").check()
    page.get_by_role("button", name="Drop the chosen").click()
    expect(page.get_by_text("not from a page of this session")).to_be_visible()
    assert letters(busy) == [None, "m1", "m2"]


def test_it_is_the_operators_alone(server: RunningServer, open_page: OpenPage) -> None:
    key = create_key(server.service.app.database, "maya", [Scope.LEADS]).text
    page = sign_in(open_page(server.url, expected=("status of 403",)), key)
    expect(page.get_by_role("link", name="Operator")).to_have_count(0)
    page.goto(f"{server.url}/operator")
    expect(page.get_by_text("this takes a key with the scope admin")).to_be_visible()
