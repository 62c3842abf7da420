"""What each platform pushes: who said what, in which room, and what was taken back."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from intent.bootstrap.webhooks import read_webhook
from intent.model.batch import Batch, Retraction
from intent.model.message import AuthorRole, Kind, Message
from tests.unit.sources.webhooks.signing import NOW, SCHEMES

SENT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BY_NAME = {scheme.platform: scheme for scheme in SCHEMES}


def push(
    platform: str, change: Callable[[dict[str, Any]], None] = lambda body: None, **headers: str
) -> Batch:
    scheme = BY_NAME[platform]
    changed = copy.deepcopy(scheme.example)
    change(changed)
    body = json.dumps(changed).encode()
    signed = scheme.sign(body, 0) | {name.replace("_", "-"): text for name, text in headers.items()}
    batch = read_webhook(platform, signed, body, scheme.secrets, NOW)
    assert isinstance(batch, Batch), batch
    return batch


def one(batch: Batch) -> Message:
    (message,) = batch.messages
    assert not batch.refused
    return message


def place(message: Message) -> tuple[str, str, str, str, str | None]:
    return (
        message.platform,
        message.room_id,
        message.message_id,
        message.user_id,
        message.creator_id,
    )


@pytest.mark.parametrize(
    ("platform", "expected", "kind"),
    [
        ("whatsapp", ("whatsapp", "800:ID.1502", "wamid.A", "ID.1502", "800"), Kind.CHAT),
        ("messenger", ("messenger", "9001:7702", "m-1", "7702", "9001"), Kind.CHAT),
        ("instagram", ("instagram", "55", "178", "7702", "9001"), Kind.COMMENT),
        ("kick", ("kick", "9001", "k-1", "7702", "9001"), Kind.COMMENT),
        ("tiktok-shop", ("tiktok_shop", "c-1", "c-1:t-1", "7702", "9001"), Kind.CHAT),
        ("telegram", ("telegram", "7702", "7702:7", "7702", None), Kind.CHAT),
        ("standard", ("mall", "r", "w-1", "7702", None), Kind.CHAT),
    ],
)
def test_a_message_is_in_its_room_and_of_its_author(
    platform: str, expected: tuple[str, ...], kind: Kind
) -> None:
    message = one(push(platform))
    assert (place(message), message.kind, message.sent_at) == (expected, kind, SENT)


def value(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["entry"][0]["changes"][0]["value"]
    return found


def test_whatsapp_who_shows_a_number_alone_is_known_by_it() -> None:
    message = one(push("whatsapp", lambda body: value(body).pop("contacts")))
    assert message.user_id == "15550001"


def test_whatsapp_who_shows_no_number_is_known_by_the_business_scoped_id() -> None:
    def without_number(body: dict[str, Any]) -> None:
        said = value(body)["messages"][0]
        del said["from"]
        said["from_user_id"] = "ID.1502"

    assert place(one(push("whatsapp", without_number)))[1:4] == (
        "800:ID.1502",
        "wamid.A",
        "ID.1502",
    )


@pytest.mark.parametrize(
    ("kind", "held", "words"),
    [
        ("button", {"text": "Yes", "payload": "p"}, "Yes"),
        (
            "interactive",
            {"type": "button_reply", "button_reply": {"id": "1", "title": "Buy"}},
            "Buy",
        ),
        ("interactive", {"type": "list_reply", "list_reply": {"id": "1", "title": "Two"}}, "Two"),
        ("image", {"id": "1", "caption": "this one?"}, "this one?"),
        ("order", {"catalog_id": "c", "text": "please soon"}, "please soon"),
        ("image", {"id": "1"}, None),
        ("sticker", {"id": "1"}, None),
        ("reaction", {"emoji": "+", "message_id": "x"}, None),
        ("unsupported", {}, None),
    ],
)
def test_whatsapp_words_are_found_wherever_they_stand(
    kind: str, held: dict[str, Any], words: str | None
) -> None:
    def say(body: dict[str, Any]) -> None:
        said = value(body)["messages"][0]
        del said["text"]
        said.update({"type": kind, kind: held})

    assert [message.text for message in push("whatsapp", say).messages] == (
        [words] if words else []
    )


def test_whatsapp_statuses_are_passed_over_and_the_product_asked_about_is_told() -> None:
    def status(body: dict[str, Any]) -> None:
        del value(body)["messages"]
        value(body)["statuses"] = [{"id": "wamid.A", "status": "read"}]

    assert not push("whatsapp", status)
    context = {"id": "wamid.0", "referred_product": {"product_retailer_id": "sku-7"}}
    asked = one(push("whatsapp", lambda body: value(body)["messages"][0].update(context=context)))
    assert asked.item_id == "sku-7"
    assert asked.reply_to is not None
    assert asked.reply_to.message_id == "wamid.0"


def test_whatsapp_a_message_that_is_wrong_costs_no_other() -> None:
    def spoil(body: dict[str, Any]) -> None:
        said = value(body)["messages"]
        said.insert(0, {**said[0], "id": None})
        said.insert(1, {**said[1], "id": "wamid.B", "text": {"body": "a\0b"}})
        said.append({**said[2], "id": "wamid.C", "text": {"body": "\U0001f600"}})
        said.append({})

    batch = push("whatsapp", spoil)
    assert [message.message_id for message in batch.messages] == ["wamid.A", "wamid.C"]
    assert len(batch.refused) == 3


def test_messenger_edits_deletions_and_what_the_page_writes() -> None:
    def event(**message: Any) -> Callable[[dict[str, Any]], None]:
        return lambda body: body["entry"][0]["messaging"][0].update(message)

    edited = one(
        push("messenger", event(message=None, message_edit={"mid": "m-1", "text": "two?"}))
    )
    assert (edited.message_id, edited.text) == ("m-1", "two?")
    gone = push("messenger", event(message={"mid": "m-1", "is_deleted": True}))
    assert gone.retractions == [Retraction("messenger", "9001:7702", SENT, "m-1", by="author")]
    swapped = {"sender": {"id": "9001"}, "recipient": {"id": "7702"}}
    echo = {"mid": "m-2", "text": "ten euros", "is_echo": True}
    answer = one(push("messenger", event(message=echo, **swapped)))
    assert (answer.room_id, answer.user_id) == ("9001:7702", "9001")
    assert answer.author_role is AuthorRole.HOST
    assert not push("messenger", event(message={"mid": "m-3", "attachments": [{}]}))
    assert not push("messenger", event(message=None, read={"watermark": 1}))


def test_messenger_comments_on_the_page() -> None:
    comment = {
        "item": "comment",
        "verb": "add",
        "post_id": "55",
        "comment_id": "55_7",
        "from": {"id": "7702"},
        "message": "still there?",
        "created_time": 1_795_176_000,
    }

    def change(**more: Any) -> Callable[[dict[str, Any]], None]:
        entry = {"messaging": [], "changes": [{"field": "feed", "value": {**comment, **more}}]}
        return lambda body: body["entry"][0].update(entry)

    added = one(push("messenger", change()))
    assert place(added) == ("facebook", "55", "55_7", "7702", "9001")
    assert one(push("messenger", change(verb="edited", message="two?"))).text == "two?"
    assert one(push("messenger", change(**{"from": {"id": "9001"}}))).author_role is AuthorRole.HOST
    gone = push("messenger", change(verb="remove"))
    assert gone.retractions == [Retraction("facebook", "55", SENT, "55_7", by="platform")]
    assert not push("messenger", change(item="reaction"))


def test_instagram_reads_messages_and_both_names_of_a_comments_id() -> None:
    def as_chat(body: dict[str, Any]) -> None:
        body["entry"][0].update(BY_NAME["messenger"].example["entry"][0], changes=[])

    assert place(one(push("instagram", as_chat))) == (
        "instagram",
        "9001:7702",
        "m-1",
        "7702",
        "9001",
    )

    def older(body: dict[str, Any]) -> None:
        value(body)["comment_id"] = value(body).pop("id")

    assert one(push("instagram", older)).message_id == "178"
    missing = push("instagram", lambda body: value(body).pop("id"))
    assert [one.reason[:11] for one in missing.refused] == ["message_id:"]


@pytest.mark.parametrize(
    ("badges", "role"),
    [
        ([], AuthorRole.VIEWER),
        ([{"type": "moderator"}], AuthorRole.MODERATOR),
        ([{"type": "subscriber"}, {"type": "broadcaster"}], AuthorRole.HOST),
        ([None, 5], AuthorRole.VIEWER),
    ],
)
def test_kick_badges_tell_who_writes(badges: list[Any], role: AuthorRole) -> None:
    message = one(push("kick", lambda body: body["sender"]["identity"].update(badges=badges)))
    assert (message.author_role, message.text) == (role, "how much? KEKW")
    assert message.reply_to is not None
    assert (message.reply_to.message_id, message.reply_to.text) == ("k-0", "who wants one?")


def test_kick_bans_take_back_what_was_said() -> None:
    def ban(body: dict[str, Any]) -> None:
        body.update(banned_user={"user_id": 7702}, metadata={"created_at": "2026-11-20T12:00:00Z"})

    batch = push("kick", ban, Kick_Event_Type="moderation.banned")
    assert batch.retractions == [Retraction("kick", "9001", SENT, user_id="7702")]
    assert not push("kick", Kick_Event_Type="livestream.status.updated")


@pytest.mark.parametrize(
    ("data", "role"),
    [
        ({"sender": {"im_user_id": "1", "role": "CUSTOMER_SERVICE"}}, AuthorRole.HOST),
        ({"sender": {"im_user_id": "1", "role": "ROBOT"}}, None),
        ({"sender": {"im_user_id": "1", "role": "SYSTEM"}}, None),
        ({"type": "IMAGE"}, None),
        ({"content": "no json"}, AuthorRole.VIEWER),
    ],
)
def test_tiktok_shop_tells_buyers_shops_and_robots_apart(
    data: dict[str, Any], role: AuthorRole | None
) -> None:
    batch = push("tiktok-shop", lambda body: body["data"].update(data))
    assert [message.author_role for message in batch.messages] == ([role] if role else [])
    assert not push("tiktok-shop", lambda body: body.update(type=1))


def test_a_long_id_is_kept_to_its_last_digit() -> None:
    number = 2**60 + 1
    message = one(push("kick", lambda body: body["sender"].update(user_id=number)))
    assert message.user_id == str(number)
    message = one(push("tiktok-shop", lambda body: body["data"].update(conversation_id=number)))
    assert message.room_id == str(number)


def test_standard_a_list_or_data_is_read_and_a_long_number_refused() -> None:
    wire = BY_NAME["standard"].example
    two = [wire, {**wire, "message_id": "w-2"}]
    batch = push("standard", lambda body: body.update(type="messages", data=two))
    assert [message.message_id for message in batch.messages] == ["w-1", "w-2"]
    batch = push("standard", lambda body: body.update(user_id=2**53))
    assert [one.reason[:34] for one in batch.refused] == ["user_id: is a number of 2^53 or mo"]
