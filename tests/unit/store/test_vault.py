"""Contact details stand in the vault alone, and only their author's key opens them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import update

from intent.classify.contact_forms import ContactFinder
from intent.features.online.state import SqlFeatureState
from intent.model.batch import Batch, Refused
from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.errors import OperatorError
from intent.model.message import Message, Reply, wire
from intent.operations.forget import forget
from intent.queues.inbox import SqlInbox
from intent.store.dead_letters import read_dead_letters
from intent.store.engine import Database
from intent.store.erasure import SqlErasure
from intent.store.schema import contacts
from intent.store.tombstones import Tombstones
from intent.store.vault import Vault
from intent.store.vault_keys import VaultKeys, masters_in_use
from tests.conftest import EPOCH, MakeMessage, rows
from tests.integration.test_forget import everything

NUMBER = "0812-3456-7890"
MASTERS = [b"m" * 32]


class Shop:
    """An inbox whose contact details go into a vault."""

    def __init__(self, database: Database, masters: Sequence[bytes] = MASTERS) -> None:
        self.database, self.masters = database, list(masters)
        self.vault = Vault(ContactFinder(), VaultKeys(lambda: self.masters))
        self.features, self.tombstones = SqlFeatureState({}), Tombstones(lambda make: b"key")
        parts: dict[str, Any] = {"features": self.features, "tombstones": self.tombstones}
        self.inbox = SqlInbox(database, vault=self.vault, **parts)

    def taken(self) -> list[str]:
        return [one.message.text for one in self.inbox.take(100, 1_000_000)]

    def details(self, *messages: Message) -> list[list[str]]:
        with self.database.read() as connection:
            kept = self.vault.kept(connection, [one.identity for one in messages])
        return [[it.text for it in kept.get(one.identity, ())] for one in messages]


@pytest.fixture
def shop(database: Database) -> Shop:
    return Shop(database)


def test_a_text_is_stored_with_placeholders_and_decided_as_it_was_written(
    shop: Shop, make_message: MakeMessage
) -> None:
    said = f"call me {NUMBER} or [phone] a_b@example.com"
    shop.inbox.put(Batch([make_message(said), make_message("how much?")]))
    texts = [row["text"] for row in rows(shop.database, "messages")]
    assert texts == ["call me [phone 2] or [phone] [email]", "how much?"]
    stored = everything(shop.database)
    assert NUMBER not in stored
    assert "example" not in stored
    assert shop.taken() == [said, "how much?"]


def test_quoted_words_are_stored_without_details_which_are_anothers(
    shop: Shop, make_message: MakeMessage
) -> None:
    reply = Reply(message_id="m0", text=f"reach me at {NUMBER}")
    shop.inbox.put(Batch([make_message("I will", reply_to=reply)]))
    assert rows(shop.database, "messages")[0]["reply_to_text"] == "reach me at [phone]"
    assert rows(shop.database, "contacts") == []


def test_what_comes_again_is_known_and_what_was_edited_is_told(
    shop: Shop, make_message: MakeMessage
) -> None:
    said = make_message(f"wa {NUMBER}")
    assert shop.inbox.put(Batch([said])).new == 1
    assert shop.inbox.put(Batch([said])).repeated == 1
    other = said.model_copy(update={"text": "wa 0813-9999-1111"})
    assert shop.inbox.put(Batch([other])).edited == 1
    assert shop.details(said) == [["0813-9999-1111"]]
    # An older version that comes late is a redelivery: its digest is known, and tells nothing.
    assert shop.inbox.put(Batch([said])).repeated == 1
    plain = shop.inbox.put(Batch([other.model_copy(update={"text": "never mind"})]))
    assert plain.edited == 1
    assert shop.details(said) == [[]]
    assert "0812" not in everything(shop.database)


def test_who_gives_the_same_number_is_found_by_its_keyed_hash(
    shop: Shop, make_message: MakeMessage
) -> None:
    here = make_message(f"wa {NUMBER}")
    shop.inbox.put(Batch([here, make_message("0900 000 111 ok"), make_message("no number")]))
    with shop.database.read() as connection:
        hashes = shop.vault.digests(connection, "phone", "+62 812 3456 7890")
    found = {
        row["message_id"]
        for row in rows(shop.database, "contact_hashes")
        if row["digest"] in hashes
    }
    assert found == {here.message_id}


def test_a_detail_that_was_moved_to_another_row_is_refused(
    shop: Shop, make_message: MakeMessage
) -> None:
    one, other = make_message(f"wa {NUMBER}"), make_message("wa 0813-9999-1111")
    shop.inbox.put(Batch([one, other]))
    stolen = next(
        r["sealed"] for r in rows(shop.database, "contacts") if r["message_id"] == one.message_id
    )
    with shop.database.begin() as transaction:
        transaction.execute(
            update(contacts).where(contacts.c.message_id == other.message_id).values(sealed=stolen)
        )
    with pytest.raises(OperatorError, match="damaged, or was moved"):
        shop.details(other)


def test_a_lost_master_key_stops_new_details_and_no_deciding(
    shop: Shop, make_message: MakeMessage
) -> None:
    shop.inbox.put(Batch([make_message(f"wa {NUMBER}")]))
    stranger = Shop(shop.database, [b"x" * 32])
    with pytest.raises(OperatorError, match="put back the key file"):
        stranger.inbox.put(Batch([make_message("wa 0813-9999-1111")]))
    assert stranger.taken() == ["wa [phone]"]


def test_rotation_wraps_keys_anew_and_may_stop_and_go_on(
    shop: Shop, make_message: MakeMessage
) -> None:
    said = [make_message(f"wa {NUMBER}", user_id=f"u{number}") for number in range(5)]
    shop.inbox.put(Batch(said))
    sealed = rows(shop.database, "contacts")
    new = b"n" * 32
    turning = Shop(shop.database, [new, *MASTERS])
    with shop.database.begin() as transaction:
        assert turning.vault.keys.rewrap(transaction, 2) == 2
    # Meanwhile both are alive: who knows both reads all, and so does who learns of the new one.
    shop.masters = [*MASTERS, new]
    assert shop.details(*said) == turning.details(*said) == [[NUMBER]] * 5
    with shop.database.begin() as transaction:
        assert [turning.vault.keys.rewrap(transaction, 3) for _ in range(3)] == [3, 1, 0]
        assert len(masters_in_use(transaction)) == 1
    assert Shop(shop.database, [new]).details(*said) == [[NUMBER]] * 5
    assert rows(shop.database, "contacts") == sealed


def test_who_is_forgotten_leaves_neither_details_nor_a_key(
    shop: Shop, make_message: MakeMessage
) -> None:
    gone, stays = make_message(f"wa {NUMBER}", user_id="ann"), make_message("wa 0813-9999-1111")
    shop.inbox.put(Batch([gone, stays]))
    subject = DataSubject(SubjectKind.USER, gone.platform, "ann")
    parts = (SqlErasure(shop.tombstones), shop.features, shop.database)
    forget(subject, *parts, stop=threading.Event())
    assert {row["user_id"] for row in rows(shop.database, "vault_keys")} == {
        "hashes",
        stays.user_id,
    }
    assert {row["message_id"] for row in rows(shop.database, "contacts")} == {stays.message_id}
    assert {row["message_id"] for row in rows(shop.database, "contact_hashes")} == {
        stays.message_id
    }


def test_a_payload_that_is_no_message_is_kept_without_details(
    shop: Shop, make_message: MakeMessage
) -> None:
    said = wire(make_message(f"wa {NUMBER}", user_id="7012345678901"))
    payloads = [said.replace(b'"comment"', b'"shout"'), said[:-30], b"call " + NUMBER.encode()]
    shop.inbox.put(
        Batch(refused=[Refused("no", one, str(n), "-") for n, one in enumerate(payloads)])
    )
    kept = [letter.payload for letter in read_dead_letters(shop.database)]
    assert all(NUMBER.encode() not in one and b"[phone]" in one for one in kept)
    assert [b"7012345678901" in one for one in kept] == [True, True, False]
    assert f"{EPOCH:%Y-%m-%dT%H:%M}".encode() in kept[0]


def test_what_cannot_be_decided_is_kept_without_details(
    shop: Shop, make_message: MakeMessage
) -> None:
    shop.inbox.put(Batch([make_message(f"wa {NUMBER}")]))
    (taken,) = shop.inbox.take(1, 1_000_000)
    assert shop.inbox.dead_letter(taken, f"cannot be decided: ValueError: wa {NUMBER}")
    assert NUMBER not in everything(shop.database)
