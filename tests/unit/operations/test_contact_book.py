"""Nobody is shown contact details without a line that says so."""

from __future__ import annotations

import threading

import pytest

from intent.classify.contact_forms import ContactFinder
from intent.model.batch import Batch
from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.decision import Entry, Slot
from intent.operations.audit import audit
from intent.operations.contact_book import list_accesses, show_contacts
from intent.operations.forget import forget
from intent.operations.vault_upkeep import MovedIn, move_in, rewrap_keys, vault_state
from intent.queues.inbox import SqlInbox
from intent.store.contact_accesses import Through
from intent.store.contact_shelf import ContactFilter
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from intent.store.erasure import SqlErasure
from intent.store.vault import Vault
from intent.store.vault_keys import VaultKeys
from tests.conftest import EPOCH, MakeDecision, MakeMessage, rows
from tests.integration.test_forget import everything
from tests.unit.store.test_vault import NUMBER, Shop


@pytest.fixture
def shop(database: Database) -> Shop:
    return Shop(database)


def shown(shop: Shop, asked: ContactFilter) -> list[list[str]]:
    found = show_contacts(shop.database, shop.vault, asked, seen_by="maya", through=Through.CLI)
    return [[it.text for it in one.contacts] for one in found]


def test_leads_are_shown_newest_first_and_each_look_is_written_down(
    shop: Shop, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    lead, idle = make_message(f"wa {NUMBER}", user_id="ann"), make_message("wa 0813-9999-1111")
    shop.inbox.put(Batch([lead, idle, make_message("no number")]))
    with shop.database.begin() as transaction:
        decided = [
            Entry(lead, make_decision("contact_request")),
            Entry(idle, make_decision("chatter")),
        ]
        SqlDecisions().save(transaction, decided)
    assert shown(shop, ContactFilter()) == [[NUMBER]]
    assert shown(shop, ContactFilter(chatter=True)) == [["0813-9999-1111"], [NUMBER]]
    assert shown(shop, ContactFilter(user=("tiktok", "ann"), since=EPOCH)) == [[NUMBER]]
    assert shown(shop, ContactFilter(lead=idle.identity)) == [["0813-9999-1111"]]
    assert shown(shop, ContactFilter(room="another")) == []
    looks = list_accesses(shop.database, limit=10)
    assert [one.message_id for one in looks] == [
        one.message_id for one in (idle, lead, lead, idle, lead)
    ]
    assert {(one.seen_by, one.seen_through) for one in looks} == {("maya", "cli")}


def test_of_who_was_forgotten_only_that_somebody_looked_is_left(
    shop: Shop, make_message: MakeMessage
) -> None:
    shop.inbox.put(Batch([make_message(f"wa {NUMBER}", user_id="ann")]))
    shown(shop, ContactFilter(chatter=True))
    parts = (SqlErasure(shop.tombstones), shop.features, shop.database)
    forget(DataSubject(SubjectKind.USER, "tiktok", "ann"), *parts, stop=threading.Event())
    (look,) = list_accesses(shop.database, limit=10)
    assert (look.seen_by, look.user_id, look.message_id) == ("maya", "", "")
    assert list_accesses(shop.database, ("tiktok", "ann"), limit=10) == []


def test_what_older_versions_stored_in_plain_moves_in_and_twice_is_once(
    database: Database, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    said = make_message(f"2 pcs, wa {NUMBER}")
    old = SqlInbox(database)
    old.put(Batch([said, make_message("no number")]))
    slots = (Slot("quantity", "2 pcs"), Slot("contact", NUMBER))
    with database.begin() as transaction:
        SqlDecisions().save(
            transaction, [Entry(said, make_decision("purchase_intent", slots=slots))]
        )
    (taken, _) = old.take(2, 1_000_000)
    old.dead_letter(taken, f"ValueError: {NUMBER}")
    shop = Shop(database)
    assert vault_state(database, shop.vault, look=True).plain == {
        "messages": 1,
        "decisions": 1,
        "dead_letters": 1,
    }
    found = audit(database, {}, vault=shop.vault)
    assert not found.holds
    assert "messages: 1; decisions: 1; dead letters: 1; to seal them" in found.findings()[-1]
    moves = [move_in(database, shop.vault, stop=threading.Event()) for _ in range(2)]
    assert moves == [MovedIn(1, 1, complete=True), MovedIn(0, 0, complete=True)]
    assert NUMBER not in everything(database)
    (kept,) = {str(row["slots"]).replace('"', "'") for row in rows(database, "decisions")}
    assert kept == "[['quantity', '2 pcs'], ['contact', '[phone]']]"
    state = vault_state(database, shop.vault, look=True)
    assert (state.details, state.plain) == (
        1,
        dict.fromkeys(("messages", "decisions", "dead_letters"), 0),
    )
    assert not any((audit(database, {}, vault=shop.vault).plain or {}).values())
    assert shop.details(said) == [[NUMBER]]
    assert shop.inbox.put(Batch([said])).repeated == 1


def test_what_rules_find_later_moves_in_beside_what_was_sealed(
    database: Database, make_message: MakeMessage
) -> None:
    class Younger(ContactFinder):
        def hide(self, text: str):  # type: ignore[no-untyped-def]
            found = super().hide(text.replace("@ann", "~ann"))
            return type(found)(found.text.replace("~ann", "@ann"), found.originals)

    shop, said = Shop(database), make_message(f"wa {NUMBER} ig @ann_shop")
    younger = Vault(Younger(), VaultKeys(lambda: shop.masters))
    SqlInbox(database, vault=younger).put(Batch([said]))
    assert shop.details(said) == [[NUMBER]]
    assert move_in(database, shop.vault, stop=threading.Event()).messages == 1
    assert sorted(shop.details(said)[0]) == [NUMBER, "@ann_shop"]
    assert shop.taken() == [said.text]


def test_a_rotation_that_is_stopped_goes_on(shop: Shop, make_message: MakeMessage) -> None:
    shop.inbox.put(Batch([make_message(f"wa {NUMBER}")]))
    shop.masters = [b"n" * 32, *shop.masters]
    turning, stop = Shop(shop.database, shop.masters), threading.Event()
    stop.set()
    assert rewrap_keys(shop.database, turning.vault, stop=stop) == 0
    assert rewrap_keys(shop.database, turning.vault, stop=threading.Event()) == 2
