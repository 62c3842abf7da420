"""Asks YouTube's REST API: looks a live chat up, polls it, and fetches fresh tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from intent.model.errors import Malformed, OperatorError, SourceLost
from intent.sources.live.fetch import AnswerTooLong, HttpReader
from intent.sources.live.youtube.login import Login
from intent.sources.live.youtube.refusals import Refusal, YouTubeRefused, refusal_of_status
from intent.sources.payloads import read_object

URL = "https://youtube.googleapis.com/youtube/v3"
TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105  an address
PARTS = ("snippet", "authorDetails")


@dataclass(frozen=True, slots=True)
class LiveVideo:
    """What is known of a video.

    Attributes:
        channel: id of the channel that streams.
        chat: id of its live chat, while there is one.
        live: whether it is or was a live stream at all.
        planned: when it is to begin, if it has not.
        ended: when it ended, if it has.
        category: id of its category.
    """

    channel: str | None
    chat: str | None
    live: bool
    planned: datetime | None
    ended: datetime | None
    category: str | None = None


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class _Broadcast(_Shape):
    active_live_chat_id: str | None = None
    scheduled_start_time: AwareDatetime | None = None
    actual_start_time: AwareDatetime | None = None
    actual_end_time: AwareDatetime | None = None


class _Snippet(_Shape):
    channel_id: str | None = None
    category_id: str | None = None


class _Video(_Shape):
    snippet: _Snippet = _Snippet()
    live_streaming_details: _Broadcast | None = None


class _Videos(_Shape):
    items: list[_Video] = []


class DataApi:
    """A connection to the REST API; used by one thread at a time."""

    def __init__(self, login: Login, url: str = URL) -> None:
        """Prepare; nothing is sent.

        Raises:
            OperatorError: the address is none.
        """
        self._login, self._reader = login, HttpReader("YouTube", url)

    def close(self) -> None:
        """Close the connections."""
        self._reader.close()

    def video(self, video: str) -> LiveVideo | None:
        """Look a video up; None if there is none, or none that we may see.

        Raises:
            SourceLost: no answer, or none that can be read.
            YouTubeRefused: the answer is no.
        """
        payload = self._get("/videos", {"part": "liveStreamingDetails,snippet", "id": video})
        try:
            found = _Videos.model_validate_json(payload).items
        except ValidationError:
            raise SourceLost("YouTube's answer about the video cannot be read") from None
        if not found:
            return None
        broadcast = found[0].live_streaming_details or _Broadcast()
        return LiveVideo(
            found[0].snippet.channel_id,
            broadcast.active_live_chat_id or None,
            found[0].live_streaming_details is not None,
            None if broadcast.actual_start_time else broadcast.scheduled_start_time,
            broadcast.actual_end_time,
            found[0].snippet.category_id or None,
        )

    def messages(self, chat: str, page: str | None) -> bytes:
        """Return the page of a chat after a token, or of its recent messages; not read yet.

        Raises:
            SourceLost: no answer.
            YouTubeRefused: the answer is no.
        """
        asked = {"liveChatId": chat, "part": ",".join(PARTS), "maxResults": "2000"}
        if page is not None:
            asked["pageToken"] = page
        try:
            return self._get("/liveChat/messages", asked)
        except AnswerTooLong as error:
            # It would be so again: the next token is not known, and the page is given up.
            raise YouTubeRefused(Refusal.CHAT, str(error)) from error

    def _get(self, path: str, asked: Mapping[str, str]) -> bytes:
        name, value = self._login.header
        answer = self._reader.get(path, asked, headers={name: value})
        if answer.status >= 400:
            raise refusal_of_status(answer.status, answer.body)
        return answer.body


def token_exchange(url: str = TOKEN_URL) -> Callable[[Mapping[str, str]], str]:
    """Return what turns the form of a refresh token into an access token.

    The call raises:
        OperatorError: the refresh token is not taken.
        SourceLost: the server is away, or its answer cannot be read.

    Raises:
        OperatorError: the address is none.
    """
    reader = HttpReader("Google's server of tokens", url)

    def exchange(form: Mapping[str, str]) -> str:
        answer = reader.post("", form=form)
        if answer.status >= 400:
            raise OperatorError(
                f"Google does not take the refresh token (status {answer.status}); let the account "
                "allow it again, and set YOUTUBE_REFRESH_TOKEN to the new one"
            )
        try:
            token = read_object(answer.body).get("access_token")
        except Malformed:
            token = None
        if not isinstance(token, str) or not token:
            raise SourceLost("Google's answer about the token cannot be read")
        return token

    return exchange
