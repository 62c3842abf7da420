"""Reads and checks what TikTok Shop's customer service pushes: chats between buyers and a shop, not
the comments of a live stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from intent.model.batch import Refused, Retraction
from intent.model.errors import Malformed
from intent.model.message import AuthorRole, Kind, Message
from intent.sources.declaration import Declaration, Secret
from intent.sources.door import Door
from intent.sources.payloads import as_id, as_time, keys_of, read_object
from intent.sources.webhooks.incoming import Incoming, signed_by_any

PLATFORM = "tiktok_shop"

DECLARATION = Declaration(
    scheme="tiktok-shop",
    title="TikTok Shop, chats with customers",
    example="/v1/webhooks/tiktok-shop",
    needs=(
        "An app of TikTok Shop's Partner Center with customer service approved, and the webhook "
        "*New message* set",
        "An address with TLS that TikTok can reach",
    ),
    secrets=(Secret("TIKTOK_SHOP_APP", "key and secret of the app, as KEY:SECRET"),),
    keeps=("What buyers write is told apart from what the shop and its robots write",),
    cannot=(
        "These are chats with the shop: TikTok hands out no comments of live streams; run a "
        "program of your own for those (exec:)",
        "Signatures have no time: what is sent again by somebody else changes nothing, because it "
        "is known already",
        "Written from TikTok's documentation, not yet seen with a shop",
    ),
)

NEW_MESSAGE = 14
_ROLES = {
    "BUYER": AuthorRole.VIEWER,
    "SHOP": AuthorRole.HOST,
    "CUSTOMER_SERVICE": AuthorRole.HOST,
}
"""Who writes; what robots and the system write is passed over."""


def check_tiktok_signature(request: Incoming, apps: Sequence[str]) -> str | None:
    """Return why a request is not signed for the app; None if it is.

    Args:
        request: as it came.
        apps: key and secret of the app as ``KEY:SECRET``.
    """
    given = request.header("authorization")
    if not given:
        return "Authorization is missing"
    pairs = [app.partition(":") for app in apps]
    messages = [key.encode() + request.body for key, _, _ in pairs]
    if signed_by_any([secret for _, _, secret in pairs], messages, given.lower()):
        return None
    return "Authorization is not the signature of the body with this app's secret"


def read_tiktok_shop(request: Incoming, door: Door) -> Iterator[Message | Refused | Retraction]:
    """Yield the message of a request; nothing for other events.

    Raises:
        Malformed: it is no JSON object.
    """
    said = read_object(request.body)
    data = keys_of(said.get("data"))
    sender = keys_of(data.get("sender"))
    role = _ROLES.get(str(sender.get("role")))
    if said.get("type") != NEW_MESSAGE or data.get("type") != "TEXT" or role is None:
        return
    values = {
        "platform": PLATFORM,
        "room_id": as_id(data.get("conversation_id")),
        "message_id": as_id(data.get("message_id")),
        "user_id": as_id(sender.get("im_user_id")),
        "creator_id": as_id(said.get("shop_id")),
        "kind": Kind.CHAT,
        "text": _words(data),
        "sent_at": as_time(data.get("create_time")),
        "author_role": role,
    }
    yield door.message(values, f"tiktok shop message {data.get('message_id')}")


def _words(data: Mapping[str, object]) -> object:
    # The content is JSON once more.
    held = data.get("content")
    if not isinstance(held, str):
        return held
    try:
        return read_object(held.encode("utf-8", "surrogatepass")).get("content")
    except Malformed:
        return held
