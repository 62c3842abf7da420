"""Reads what WhatsApp's Cloud API pushes: words that customers write to a business; who read what
is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from intent.model.batch import Refused, Retraction
from intent.model.message import Kind, Message
from intent.sources.declaration import Declaration
from intent.sources.door import Door
from intent.sources.payloads import as_id, as_time, items_of, keys_of, read_object
from intent.sources.webhooks.hub_signature import APP_SECRET, VERIFY_TOKEN
from intent.sources.webhooks.incoming import Incoming

PLATFORM = "whatsapp"

DECLARATION = Declaration(
    scheme="whatsapp",
    title="WhatsApp Business",
    example="/v1/webhooks/whatsapp",
    needs=(
        "A WhatsApp Business account with the Cloud API, and the field *messages* subscribed",
        "An address with TLS that Meta can reach",
    ),
    secrets=(APP_SECRET, VERIFY_TOKEN),
    keeps=(
        "Who writes is known by the business-scoped user id where WhatsApp sends one, also for "
        "people who show a user name and no number; the number then is not stored",
        "A message that Meta sends twice is one message",
    ),
    cannot=(
        "For people of whom WhatsApp sends a number alone, the number is the user id",
        "Voice, pictures and stickers without words are passed over",
        "Signatures of Meta have no time: what is sent again by somebody else changes nothing, "
        "because it is known already",
    ),
)


def read_whatsapp(request: Incoming, door: Door) -> Iterator[Message | Refused | Retraction]:
    """Yield the messages of a request.

    Raises:
        Malformed: it is no JSON object.
    """
    for entry in items_of(read_object(request.body).get("entry")):
        for change in items_of(keys_of(entry).get("changes")):
            if keys_of(change).get("field") == "messages":
                yield from _messages(keys_of(keys_of(change).get("value")), door)


def _messages(value: Mapping[str, object], door: Door) -> Iterator[Message | Refused]:
    business = as_id(keys_of(value.get("metadata")).get("phone_number_id"))
    people = {
        as_id(keys_of(one).get("wa_id")): as_id(keys_of(one).get("user_id"))
        for one in items_of(value.get("contacts"))
        if isinstance(as_id(keys_of(one).get("wa_id")), str)
    }
    for one in items_of(value.get("messages")):
        said = keys_of(one)
        words = _words(said)
        if words is None and "type" in said:
            continue
        number = as_id(said.get("from"))
        known = people.get(number) if isinstance(number, str) else None
        author = as_id(said.get("from_user_id")) or known or number
        replied = keys_of(said.get("context"))
        item = keys_of(replied.get("referred_product")).get("product_retailer_id")
        values = {
            "platform": PLATFORM,
            # A conversation: people who write to one business do not hear each other.
            "room_id": f"{business}:{author}",
            "message_id": as_id(said.get("id")),
            "user_id": author,
            "creator_id": business,
            "item_id": as_id(item),
            "kind": Kind.CHAT,
            "text": words,
            "sent_at": as_time(said.get("timestamp")),
            "reply_to": replied.get("id"),
        }
        yield door.message(values, f"whatsapp message {said.get('id')}")


def _words(said: Mapping[str, object]) -> object:
    """Return what a message says, in whatever way it says it; None if it has no words."""
    kind = said.get("type")
    held = keys_of(said.get(kind)) if isinstance(kind, str) else {}
    if kind == "text":
        return held.get("body", "")
    if kind == "interactive":
        chosen = keys_of(held.get("button_reply")) or keys_of(held.get("list_reply"))
        return chosen.get("title")
    if kind in ("button", "order"):
        return held.get("text")
    return held.get("caption")
