"""Reads comments of Shopee Live as its Open Platform gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from intent.model.batch import Refused
from intent.model.message import AuthorRole, Kind, Message
from intent.sources.declaration import Declaration, Option, Secret
from intent.sources.door import Door
from intent.sources.payloads import as_id, as_time, keys_of

PLATFORM = "shopee"
PARTNER_ID = "SHOPEE_PARTNER_ID"
PARTNER_KEY = "SHOPEE_PARTNER_KEY"
USER_ID = "SHOPEE_USER_ID"
ACCESS_TOKEN = "SHOPEE_ACCESS_TOKEN"  # noqa: S105  the name of a variable
REFRESH_TOKEN = "SHOPEE_REFRESH_TOKEN"  # noqa: S105  the same

DECLARATION = Declaration(
    scheme="shopee",
    title="Shopee Live",
    example="shopee:6236215",
    needs=(
        "An app of the type *Livestream Management* on open.shopee.com, which Shopee approves",
        "The consent of the streamer, which gives a user id, an access token and a refresh token",
        "The id of the session, as the target; Shopee offers this in Taiwan, Indonesia, Thailand, "
        "the Philippines, Malaysia, Singapore and Vietnam",
    ),
    secrets=(
        Secret(PARTNER_ID, "id of the app"),
        Secret(PARTNER_KEY, "its key"),
        Secret(USER_ID, "id of the streamer who consented, not of the shop"),
        Secret(REFRESH_TOKEN, "the refresh token of the first consent"),
        Secret(ACCESS_TOKEN, "the access token that came with it", optional=True),
    ),
    options=(
        Option("url", "the server", "https://partner.shopeemobile.com"),
        Option("interval", "seconds between two polls; ten are too many", 3.0),
    ),
    keeps=(
        "Tokens are renewed by themselves, and stored in the state folder before they are used: a "
        "kill, a restart or a second process does not log the account out",
        "Whenever more than ten seconds lie between two polls a gap is recorded, over restarts too",
        "What is on screen when a comment is first seen goes with it",
    ),
    cannot=(
        "Shopee hands out the comments of the last ten seconds: what was said while nobody polled "
        "is gone",
        "Killed in the instant between Shopee's answer and the disk, a new pair of tokens is lost; "
        "the source then says so, and the account must consent again",
        "Deleted comments and banned authors are not told by Shopee",
        "Written from Shopee's documentation and tested against a server of our own, not yet with "
        "an account: page size and rate limits are unknown",
    ),
    start="""\
export SHOPEE_PARTNER_ID=... SHOPEE_PARTNER_KEY=... SHOPEE_USER_ID=...
export SHOPEE_REFRESH_TOKEN=... SHOPEE_ACCESS_TOKEN=...
intent migrate
intent listen shopee:6236215""",
)

_LONGEST_NAME = 500


@dataclass(frozen=True, slots=True)
class OnAir:
    """What goes with every comment of a session.

    Attributes:
        host: id of the streamer.
        offer: title of the session.
        item: name of the item on screen.
        item_id: its id.
    """

    session: str
    host: str
    offer: str | None = None
    item: str | None = None
    item_id: str | None = None


def comment_id(comment: object) -> object:
    """Return the id of a comment, as text if it is one."""
    return as_id(keys_of(comment).get("comment_id"))


def read_comment(comment: object, on_air: OnAir, door: Door) -> Message | Refused:
    """Read one comment, as it came."""
    said = keys_of(comment)
    author = as_id(said.get("user_id"))
    context = {"offer": on_air.offer, "item": on_air.item}
    values = {
        "platform": PLATFORM,
        "room_id": on_air.session,
        "message_id": as_id(said.get("comment_id")),
        "user_id": author,
        "creator_id": on_air.host,
        "item_id": on_air.item_id,
        "kind": Kind.COMMENT,
        "text": said.get("content"),
        "sent_at": as_time(said.get("timestamp")),
        "author_role": AuthorRole.HOST if author == on_air.host else AuthorRole.VIEWER,
        "context": context if any(context.values()) else None,
    }
    return door.message(values, f"session {on_air.session} comment {said.get('comment_id')}")


def item_shown(item: Mapping[str, object]) -> tuple[str | None, str | None]:
    """Return name and id of an item, as far as it has them."""
    number = as_id(item.get("item_id"))
    return plain(item.get("name")), number if isinstance(number, str) and number else None


def plain(name: object) -> str | None:
    """Return a name that no comment is refused for; None if there is none."""
    if not isinstance(name, str):
        return None
    return name.replace("\0", "").strip()[:_LONGEST_NAME] or None
