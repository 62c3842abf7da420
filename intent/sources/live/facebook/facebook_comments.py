"""Reads comments under Facebook Live as the Graph API gives them."""

from __future__ import annotations

import json

from intent.model.batch import Refused
from intent.model.message import AuthorRole, Kind, Message
from intent.sources.declaration import Declaration, Option, Secret
from intent.sources.door import Door, refused
from intent.sources.payloads import as_id, keys_of

PLATFORM = "facebook"
ACCESS_TOKEN = "FACEBOOK_ACCESS_TOKEN"  # noqa: S105  the name of a variable
APP_SECRET = "FACEBOOK_APP_SECRET"  # noqa: S105  the same
FIELDS = "id,from{id},message,created_time,parent{id}"

DECLARATION = Declaration(
    scheme="facebook",
    title="Facebook Live",
    example="facebook:1029384756",
    needs=(
        "The id of a live video of a page, as the target",
        "An access token of that page with pages_read_engagement and pages_read_user_content; for "
        "pages of others Meta reviews the app first",
    ),
    secrets=(
        Secret(ACCESS_TOKEN, "the access token of the page"),
        Secret(APP_SECRET, "the secret of the app, if it asks for proof of it", optional=True),
    ),
    options=(
        Option("url", "the server of the Graph API", "https://graph.facebook.com"),
        Option("version", "version of the Graph API", "v25.0"),
        Option("interval", "seconds between two polls", 3.0),
    ),
    keeps=(
        "Comments stay with the video: what was said while nobody listened is read afterwards",
        "Comments that Facebook ranks low are read too, and edits of the last minute decided again",
        "When Facebook says that we ask too often, we wait, and nothing is lost",
    ),
    cannot=(
        "Without the permissions of the page Facebook does not say who wrote: such comments are "
        "kept as dead letters and decided for nobody",
        "Comments that were deleted or hidden before they were read are not seen, and a deletion "
        "afterwards is not told by polling",
        "Written from Meta's documentation and tested against a server of our own, not yet with an "
        "account",
    ),
    start="""\
export FACEBOOK_ACCESS_TOKEN=...
intent migrate
intent listen facebook:1029384756""",
)

NOBODY = (
    "from: is missing; the token lacks the page's permissions pages_read_engagement and "
    "pages_read_user_content"
)


def read_comment(
    comment: object, video: str, page: str | None, offer: str | None, door: Door
) -> Message | Refused:
    """Read one comment.

    Args:
        comment: as it came.
        video: id of the live video.
        page: id of the page that streams, if known.
        offer: title of the video, if it has one.
        door: the rules that comments must keep.
    """
    said = keys_of(comment)
    position = f"video {video} comment {said.get('id')}"
    author = as_id(keys_of(said.get("from")).get("id"))
    if author in (None, ""):
        return refused(NOBODY, json.dumps(comment).encode(), position)
    parent = keys_of(said.get("parent")).get("id")
    values = {
        "platform": PLATFORM,
        "room_id": video,
        "message_id": as_id(said.get("id")),
        "user_id": author,
        "creator_id": page,
        "kind": Kind.COMMENT,
        "text": said.get("message"),
        "sent_at": said.get("created_time"),
        "author_role": AuthorRole.HOST if author == page else AuthorRole.VIEWER,
        "reply_to": None if parent is None else as_id(parent),
        "context": {"offer": offer} if offer else None,
    }
    return door.message(values, position)
