"""YouTube's servers as far as we use them, on this machine: one chat behind streamList and behind the
REST API, and a script of troubles for both. What they send is written by hand, not by our reader's
tables.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Condition
from typing import Any

import grpc

from tests.unit.sources.live.platform_server import Asked, PlatformServer, Said
from tests.youtube_wire import decoded, encoded

VIDEO = "aB3xY7kLm90"
CHAT = "chat-1"
KEY = "AIzaTest"
SERVICE = "youtube.api.v3.V3DataLiveChatMessageService"
TEXT, DELETED, BANNED, ENDED = 1, 8, 10, 4
_NAMES = {TEXT: "textMessageEvent", DELETED: "messageDeletedEvent", ENDED: "chatEndedEvent"}
_NAMES |= {BANNED: "userBannedEvent"}


@dataclass(frozen=True)
class Item:
    """One item of the chat."""

    id: str
    text: str = "how much?"
    at: str = "2026-11-20T12:00:00Z"
    author: str = "UC-ana"
    kind: int = TEXT

    def wire(self) -> bytes:
        snippet: list[tuple[int, Any]] = [(1, self.kind), (4, self.at), (201, CHAT)]
        if self.kind == TEXT:
            snippet += [(16, self.text), (17, True), (19, encoded((1, self.text)))]
        elif self.kind == DELETED:
            snippet.append((20, encoded((101, self.text))))
        elif self.kind == BANNED:
            snippet.append((22, encoded((1, encoded((101, self.text))), (2, 1))))
        author = encoded((10101, self.author), (103, "somebody"), (5, False))
        return encoded((101, self.id), (2, encoded(*snippet)), (3, author))

    def rest(self) -> dict[str, Any]:
        snippet: dict[str, Any] = {
            "type": _NAMES[self.kind],
            "publishedAt": self.at,
            "textMessageDetails": {"messageText": self.text},
            "messageDeletedDetails": {"deletedMessageId": self.text},
            "userBannedDetails": {"bannedUserDetails": {"channelId": self.text}},
        }
        return {"id": self.id, "snippet": snippet, "authorDetails": {"channelId": self.author}}


@dataclass(frozen=True)
class Abort:
    """The stream ends with a code, or a call with a status and a reason."""

    code: str = "UNAVAILABLE"
    details: str = ""
    status: int = 503
    reason: str = ""


@dataclass(frozen=True)
class Close:
    """The stream ends as if all were said."""


@dataclass(frozen=True)
class Raw:
    """These bytes come in between, instead of a page."""

    payload: bytes


Trouble = Abort | Close | Raw


@dataclass
class FakeYouTube:
    """One video and its chat.

    Attributes:
        pages: of the chat; a page's token is ``p`` and its number.
        troubles: what comes before a page, by its number; each once, in order. Under -1 stands what
            comes of looking the video up.
        recent: how many pages are replayed to those who bring no token.
        expired: tokens that are refused once.
        sent: called with the number of every page that a stream has sent.
        calls: every call, with its token.
    """

    pages: list[list[Item]] = field(default_factory=list)
    troubles: dict[int, list[Trouble]] = field(default_factory=lambda: defaultdict(list))
    recent: int = 1000
    interval: int = 1000
    keys: set[str] = field(default_factory=lambda: {KEY})
    expired: set[str] = field(default_factory=set)
    video: dict[str, Any] | None = field(default_factory=lambda: live())
    sent: Callable[[int], object] = lambda number: None
    calls: list[tuple[str, str | None]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    stream_url: str = ""
    url: str = ""
    more: Condition = field(default_factory=Condition)
    closed: bool = False

    @property
    def units(self) -> int:
        """What all calls have cost."""
        return sum(1 if name == "videos" else 5 for name, _ in self.calls if name != "token")

    def say(self, *items: Item) -> None:
        """Let another page be said."""
        with self.more:
            self.pages.append(list(items))
            self.more.notify_all()

    def first(self, token: str | None) -> int:
        """Return the number of the page behind a token."""
        return max(0, len(self.pages) - self.recent) if token is None else int(token[1:])

    def trouble(self, number: int) -> Trouble | None:
        waiting = self.troubles[number]
        return waiting.pop(0) if waiting else None

    # streamList

    def stream(self, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        asked = dict(decoded(request))
        held = asked.get(99)
        token = held.decode() if isinstance(held, bytes) else None
        self.calls.append(("stream", token))
        self._check(context, asked[1] == CHAT.encode(), token)
        number = self.first(token)
        while self._wait_for(number, context):
            trouble = self.trouble(number)
            if isinstance(trouble, Close):
                return
            if isinstance(trouble, Abort):
                context.abort(getattr(grpc.StatusCode, trouble.code), trouble.details)
            if isinstance(trouble, Raw):
                yield trouble.payload
                continue
            items = self.pages[number]
            yield encoded(*((1007, item.wire()) for item in items), (100602, f"p{number + 1}"))
            self.sent(number)
            if any(item.kind == ENDED for item in items):
                return
            number += 1

    def _check(self, context: grpc.ServicerContext, right: bool, token: str | None) -> None:
        metadata = dict(context.invocation_metadata())
        bearer = str(metadata.get("authorization", "")).removeprefix("Bearer ")
        if metadata.get("x-goog-api-key", bearer) not in self.keys:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "not a key")
        if self.video is None or not right or "activeLiveChatId" not in self.video:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "no longer live")
        if token in self.expired:
            self.expired.discard(token)
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "page token is not valid")

    def _wait_for(self, number: int, context: grpc.ServicerContext) -> bool:
        with self.more:
            while number >= len(self.pages) and context.is_active() and not self.closed:
                self.more.wait(0.05)
        return number < len(self.pages) and context.is_active()

    # The REST API

    def asked(self, asked: Asked) -> Said:
        bearer = asked.headers.get("authorization", "").removeprefix("Bearer ")
        key = asked.headers.get("x-goog-api-key", bearer)
        status, answer = self._answer(asked.path, asked.query, key)
        return Said(answer if isinstance(answer, bytes) else json.dumps(answer).encode(), status)

    def _answer(self, path: str, asked: dict[str, str], key: str) -> tuple[int, Any]:
        if path == "/token":
            self.calls.append(("token", None))
            return self._token()
        name = path.rsplit("/", 1)[-1]
        token = asked.get("pageToken")
        self.calls.append((name, token))
        number = -1 if name == "videos" else self.first(token)
        trouble = self.trouble(number)
        if isinstance(trouble, Abort):
            return trouble.status, error(trouble.details, trouble.reason)
        if isinstance(trouble, Raw):
            return 200, trouble.payload
        if key not in self.keys:
            return 400, error("API key not valid.", "badRequest", "API_KEY_INVALID")
        return self._videos(asked["id"]) if name == "videos" else self._messages(asked, number)

    def _token(self) -> tuple[int, Any]:
        if not self.tokens:
            return 400, {"error": "invalid_grant"}
        token = self.tokens.pop(0)
        self.keys.add(token)
        return 200, {"access_token": token, "expires_in": 3599}

    def _videos(self, video: str) -> tuple[int, Any]:
        if self.video is None or video != VIDEO:
            return 200, {"items": []}
        snippet = {"channelId": "UC-shop", "categoryId": "26", "title": "a stream"}
        details = {"liveStreamingDetails": self.video} if self.video else {}
        return 200, {"items": [{"id": video, "snippet": snippet, **details}]}

    def _messages(self, asked: dict[str, str], number: int) -> tuple[int, Any]:
        if self.video is None or asked["liveChatId"] != self.video.get("activeLiveChatId"):
            return 403, error("The live chat is no longer live.", "liveChatEnded")
        if asked.get("pageToken") in self.expired:
            self.expired.discard(asked["pageToken"])
            return 400, error("page token is not valid", "pageTokenInvalid")
        items = [one.rest() for one in self.pages[number]] if number < len(self.pages) else []
        following = f"p{min(number + 1, len(self.pages))}"
        interval = {"pollingIntervalMillis": self.interval}
        return 200, {"items": items, "nextPageToken": following, **interval}


def live(chat: str = CHAT) -> dict[str, Any]:
    """Return the details of a stream that goes on."""
    return {"actualStartTime": "2026-11-20T11:00:00Z", "activeLiveChatId": chat}


def over() -> dict[str, Any]:
    """Return the details of a stream that has ended."""
    return {
        "actualStartTime": "2026-11-20T11:00:00Z",
        "actualEndTime": "2026-11-20T13:00:00Z",
    }


def error(message: str, reason: str, detail: str | None = None) -> dict[str, Any]:
    """Return an error in Google's shape."""
    details = [{"reason": detail}] if detail else []
    return {"error": {"message": message, "errors": [{"reason": reason}], "details": details}}


def serve(youtube: FakeYouTube) -> Callable[[], None]:
    """Serve both APIs on free ports of this machine; return what ends them."""

    rest = PlatformServer(youtube.asked).__enter__()
    options = (("grpc.max_send_message_length", -1), ("grpc.so_reuseport", 0))
    pool = ThreadPoolExecutor(8)
    streams = grpc.server(pool, options=options)
    handler = grpc.unary_stream_rpc_method_handler(youtube.stream)
    streams.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(SERVICE, {"StreamList": handler}),)
    )
    youtube.stream_url = f"http://127.0.0.1:{streams.add_insecure_port('127.0.0.1:0')}"
    youtube.url = f"{rest.url}/youtube/v3"
    streams.start()

    def end() -> None:
        youtube.closed = True
        streams.stop(None).wait()
        pool.shutdown()
        rest.__exit__(None, None, None)

    return end
