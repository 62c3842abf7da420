"""Contact details in a real browser: behind a button for who may see them, a placeholder for others."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from intent.model.batch import Batch
from intent.model.decision import Entry
from intent.model.principal import Scope
from intent.operations.contact_book import list_accesses
from intent.operations.keys import create_key
from intent.store.decisions import SqlDecisions
from tests.conftest import MakeDecision, MakeMessage
from tests.pages.conftest import OpenPage
from tests.pages.test_layout import barriers
from tests.pages.test_lead_actions import sign_in
from tests.pages.test_lead_pages import live
from tests.serving import RunningServer

Leave = Callable[[str], None]

NUMBER = "0812-3456-7890"
BUTTON = "Show contact details"


@pytest.fixture
def leave(server: RunningServer, make_message: MakeMessage, make_decision: MakeDecision) -> Leave:
    """Return what leaves a text that is a lead, as a source brings it: through the vault."""
    app = server.service.app

    def put(text: str) -> None:
        message = make_message(text)
        app.inbox.put(Batch([message]))
        with app.database.begin() as transaction:
            SqlDecisions().save(transaction, [Entry(message, make_decision("contact_request"))])

    return put


def test_a_button_shows_them_without_javascript_and_the_look_is_written_down(
    server: RunningServer, leave: Leave, open_page: OpenPage
) -> None:
    leave(f"wa {NUMBER} please")
    leave("call me please")
    page = open_page(server.url, java_script_enabled=False)
    expect(page.get_by_role("button", name=BUTTON)).to_have_count(1)
    assert NUMBER not in page.content()
    page.get_by_role("button", name=BUTTON).click()
    expect(page.locator(".contacts")).to_have_text(re.compile(rf"phone\s*{NUMBER}"))
    (look,) = list_accesses(server.service.app.database, limit=10)
    assert look.seen_through == "page"


def test_a_key_opens_them_on_a_card_that_has_just_arrived(
    server: RunningServer, leave: Leave, open_page: OpenPage
) -> None:
    page = live(open_page(server.url))
    leave(f"wa {NUMBER} please")
    expect(page.locator(".lead")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("c")
    expect(page.locator(".contacts")).to_contain_text(NUMBER)
    assert barriers(page) == []


def test_who_may_not_see_them_has_no_button_on_new_cards_and_old_ones(
    server: RunningServer, leave: Leave, open_page: OpenPage
) -> None:
    key = create_key(server.service.app.database, "shop", [Scope.LEADS]).text
    leave(f"wa {NUMBER} please")
    page = sign_in(open_page(server.url), key)
    live(page)
    leave(f"wa {NUMBER} now")
    expect(page.locator(".lead")).to_have_count(2)
    expect(page.locator(".lead").first).to_contain_text("[phone]")
    expect(page.get_by_role("button", name=BUTTON)).to_have_count(0)
    path = page.locator(".lead form.acts").first.get_attribute("action")
    token = page.locator("input[name=csrf]").first.input_value()
    answer = page.request.post(f"{server.url}{path}/contacts", form={"csrf": token})
    assert answer.status == 403
    assert NUMBER not in answer.text()
    assert list_accesses(server.service.app.database, limit=10) == []
