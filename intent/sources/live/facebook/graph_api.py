"""Asks Meta's Graph API about a live video, and says who can mend what it refuses."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from intent.model.errors import Malformed, OperatorError, SourceLost
from intent.sources.live.facebook.facebook_comments import ACCESS_TOKEN, APP_SECRET, FIELDS
from intent.sources.live.fetch import LONGEST_WAIT, HttpAnswer, HttpReader
from intent.sources.payloads import items_of, keys_of, read_object

MANY = "100"
"""Comments on one page."""

USUAL_WAIT = 60.0
"""Seconds to wait when we asked too often, where Facebook does not say."""

TOO_OFTEN = {4, 17, 32, 613, 80001}
PASSING = {1, 2}
TOKEN_ENDED = {102, 190, 463, 467}
PROOF = "appsecret_proof"
ENDED = {"VOD", "LIVE_STOPPED", "PROCESSING", "SCHEDULED_CANCELED", "SCHEDULED_EXPIRED"}


@dataclass(frozen=True, slots=True)
class GraphPage:
    """Comments as they came, oldest first, and what asks for the next page, if there is one."""

    comments: list[object]
    after: str | None


@dataclass(frozen=True, slots=True)
class FacebookVideo:
    """What is known of a live video: page and title as they came, and whether it is over."""

    page: object
    title: object
    ended: bool


class GraphApi:
    """A connection with one token; used by one thread at a time."""

    def __init__(
        self, token: str, url: str, version: str, *, app_secret: str | None = None
    ) -> None:
        """Prepare; nothing is sent.

        Args:
            token: of the page.
            url: of the server.
            version: such as v25.0.
            app_secret: proves that the token is used by its own app.

        Raises:
            OperatorError: the token holds what no token holds, or the address is none.
        """
        token = token.strip()
        if not (token.isascii() and token.isprintable() and " " not in token):
            raise OperatorError(f"{ACCESS_TOKEN} holds characters that no token has; copy it again")
        self._reader = HttpReader("Facebook", f"{url.rstrip('/')}/{version.strip('/')}")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._proof = {}
        if app_secret:
            proof = hmac.new(app_secret.strip().encode(), token.encode(), hashlib.sha256)
            self._proof = {PROOF: proof.hexdigest()}

    def close(self) -> None:
        """Close the connections."""
        self._reader.close()

    def video(self, video: str) -> FacebookVideo:
        """Return what is known of a live video.

        Raises:
            SourceLost: there is no answer, or one that asks us to wait.
            OperatorError: the token is not taken, or there is no such video for it.
        """
        said = self._ask(f"/{video}", {"fields": "status,title,from{id}"})
        page = keys_of(said.get("from")).get("id")
        return FacebookVideo(page, said.get("title"), said.get("status") in ENDED)

    def comments(self, video: str, since: datetime | None, after: str | None) -> GraphPage:
        """Return a page of comments, in the order in which they were written.

        Args:
            video: id of the live video.
            since: nothing that was written before, aware.
            after: what the page before said.

        Raises:
            SourceLost, OperatorError: as :meth:`video`.
        """
        asked = {
            "order": "chronological",
            "live_filter": "no_filter",
            "fields": FIELDS,
            "limit": MANY,
        }
        if since is not None:
            asked["since"] = str(int(since.timestamp()))
        if after is not None:
            asked["after"] = after
        said = self._ask(f"/{video}/comments", asked)
        paging = keys_of(said.get("paging"))
        # Its address of the next page is not followed: it may hold the token, and lead anywhere.
        following = keys_of(paging.get("cursors")).get("after") if "next" in paging else None
        return GraphPage(
            items_of(said.get("data")), following if isinstance(following, str) else None
        )

    def _ask(self, path: str, asked: Mapping[str, str]) -> Mapping[str, object]:
        answer = self._reader.get(path, {**asked, **self._proof}, headers=self._headers)
        try:
            read = read_object(answer.body)
        except Malformed as error:
            raise SourceLost(f"Facebook's answer {error} (status {answer.status})") from None
        if "error" in read or answer.status >= 400:
            raise graph_refusal(keys_of(read.get("error")), answer)
        return read


def graph_refusal(error: Mapping[str, object], answer: HttpAnswer) -> SourceLost | OperatorError:
    """Return what an error of the Graph API means."""
    code = error.get("code")
    said = " ".join(str(error.get("message") or f"status {answer.status}").split())[:200]
    if code in TOO_OFTEN or answer.status == 429:
        return SourceLost("Facebook says that we ask too often", _wait(answer.headers))
    if code in PASSING or error.get("is_transient") is True:
        return SourceLost(f"Facebook has failed ({said})")
    if code in TOKEN_ENDED:
        return OperatorError(
            f"Facebook does not take the token ({said}); it has ended or was taken back: set "
            f"{ACCESS_TOKEN} to a new one of the page"
        )
    if code == 10 or (isinstance(code, int) and 200 <= code < 300):
        return OperatorError(
            f"Facebook does not allow this ({said}); give the token the page's permissions "
            "pages_read_engagement and pages_read_user_content"
        )
    if PROOF in said:
        return OperatorError(f"the app asks for proof of its secret; set {APP_SECRET}")
    return OperatorError(
        f"Facebook refuses ({said}); see whether the live video exists and belongs to the page of "
        "the token"
    )


def _wait(headers: Mapping[str, str]) -> float:
    """Return the longest wait that Facebook asks for, in seconds; it counts in minutes."""
    try:
        usage = json.loads(headers.get("x-business-use-case-usage", "{}"))
    except (ValueError, RecursionError):
        return USUAL_WAIT
    cases = [keys_of(one) for listed in keys_of(usage).values() for one in items_of(listed)]
    asked = [one.get("estimated_time_to_regain_access") for one in cases]
    minutes = [one for one in asked if isinstance(one, int) and one > 0]
    return min(max(minutes, default=1) * 60.0, LONGEST_WAIT)
