"""Asks Shopee's Open Platform about a live stream; what it refuses stands in the body, whatever the
status.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from intent.model.errors import Later, Malformed, OperatorError, SourceLost
from intent.sources.live.fetch import HttpReader
from intent.sources.live.shopee.shopee_signing import Partner
from intent.sources.live.shopee.token_file import KeptTokens
from intent.sources.payloads import items_of, keys_of, read_object

_LIVE = "/api/v2/livestream/"
_RENEW = "/api/v2/public/refresh_access_token"
LASTS = 4 * 3600
"""Seconds that an access token lasts, where Shopee does not say."""

SECONDS = 8.0
"""How long an answer may take: later than ten seconds comments are gone."""

BESIDE = 2.5
"""How long an answer may take that holds no comments: those must not wait for it."""


class ShopeeRefusal(StrEnum):
    """Who can do something about it."""

    LOGIN = "login"
    """The token is not taken: renew it once."""
    PASSING = "passing"
    """Shopee is busy or has failed: ask again."""
    FINAL = "final"
    """Only a person can mend it."""


_PASSING = ("server", "inner", "busy", "network", "timeout", "limit", "too_many", "system")


class ShopeeRefused(Later):
    """Shopee answered, but not with what was asked for."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code

    @property
    def refusal(self) -> ShopeeRefusal:
        """What it means."""
        code = self.code.lower()
        # Shopee writes both invalid_access_token and invalid_acceess_token.
        if "token" in code or code.endswith("error_auth"):
            return ShopeeRefusal.LOGIN
        if any(word in code for word in _PASSING):
            return ShopeeRefusal.PASSING
        return ShopeeRefusal.FINAL


def meant_by(error: ShopeeRefused) -> SourceLost | OperatorError:
    """Return what a refusal is to whoever listens."""
    if error.refusal is ShopeeRefusal.PASSING:
        return SourceLost(f"Shopee has failed ({error})")
    if error.refusal is ShopeeRefusal.LOGIN:
        return OperatorError(
            f"Shopee does not take a token that it has just given ({error}); see whether "
            "SHOPEE_PARTNER_ID and SHOPEE_USER_ID belong to the consent of this account"
        )
    if "sign" in error.code:
        return OperatorError(
            f"Shopee does not take our signature ({error}); see whether SHOPEE_PARTNER_KEY is the "
            "key of SHOPEE_PARTNER_ID, and whether this machine's clock is right"
        )
    return OperatorError(
        f"Shopee refuses ({error}); see whether the session exists and belongs to SHOPEE_USER_ID, "
        "and whether the app may use the livestream API"
    )


@dataclass(frozen=True, slots=True)
class CommentPage:
    """Comments as they came, and where the next page begins; None if there is none."""

    comments: list[object]
    following: int | None


@dataclass(frozen=True, slots=True)
class LiveSession:
    """What is known of a session: ``title`` as it came, and whether it has begun and ended."""

    title: object
    begun: bool
    ended: bool


class ShopeeApi:
    """A connection in the name of one user; used by one thread at a time."""

    def __init__(
        self,
        partner: Partner,
        user: str,
        url: str,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare; nothing is sent.

        Raises:
            OperatorError: the address is none.
        """
        self._partner, self._user, self._now = partner, user, now
        self._reader = HttpReader("Shopee", url, seconds=SECONDS)

    def close(self) -> None:
        """Close the connections."""
        self._reader.close()

    def comments(self, session: str, offset: int, token: str) -> CommentPage:
        """Return comments of the last ten seconds, from an offset on.

        Raises:
            SourceLost: there is no answer, or none that can be read.
            ShopeeRefused: the answer is no.
        """
        said = self._live("get_latest_comment_list", session, token, offset=str(offset))
        following = said.get("next_offset")
        moves = isinstance(following, int) and following > offset
        return CommentPage(items_of(said.get("list")), following if moves else None)  # type: ignore[arg-type]

    def shown_item(self, session: str, token: str) -> Mapping[str, object]:
        """Return the item that is on screen, as it came; without keys if there is none.

        Raises:
            SourceLost, ShopeeRefused: as :meth:`comments`.
        """
        said = self._live("get_show_item", session, token, BESIDE)
        return {} if said.get("has_show_item") is False else keys_of(said.get("item"))

    def session(self, session: str, token: str) -> LiveSession:
        """Return what is known of a session.

        Raises:
            SourceLost, ShopeeRefused: as :meth:`comments`.
        """
        said = self._live("get_session_detail", session, token, BESIDE)
        status = said.get("status")
        return LiveSession(said.get("title"), begun=status != 0, ended=status == 2)

    def renewed(self, refresh: str) -> KeptTokens:
        """Exchange a refresh token, which works once, for a new pair.

        Raises:
            SourceLost: there is no answer, or none that can be read; the token may be spent.
            ShopeeRefused: the token is not taken.
        """
        now = self._now()
        # Ids are numbers in this API's bodies.
        asked = {"refresh_token": refresh, "partner_id": int(self._partner.partner_id)}
        answer = self._reader.post(
            _RENEW, self._partner.signed(_RENEW, now), json={**asked, "user_id": int(self._user)}
        )
        said = _checked(answer.body, answer.status)
        access, following = said.get("access_token"), said.get("refresh_token")
        if not (isinstance(access, str) and isinstance(following, str) and access and following):
            raise SourceLost("Shopee's answer about tokens cannot be read")
        lasts = said.get("expire_in")
        seconds = lasts if isinstance(lasts, int) and 0 < lasts < 10**7 else LASTS
        return KeptTokens(access, following, now + timedelta(seconds=seconds))

    def _live(
        self, call: str, session: str, token: str, seconds: float = SECONDS, **asked: str
    ) -> Mapping[str, object]:
        path = _LIVE + call
        signed = self._partner.signed(path, self._now(), token=token, user=self._user)
        query = {**signed, "session_id": session, **asked}
        answer = self._reader.get(path, query, seconds=seconds)
        return keys_of(_checked(answer.body, answer.status).get("response"))


def _checked(body: bytes, status: int) -> Mapping[str, object]:
    try:
        read = read_object(body)
    except Malformed as error:
        raise SourceLost(f"Shopee's answer {error} (status {status})") from None
    code = read.get("error")
    if code:
        message = " ".join(str(read.get("message") or "").split())[:200]
        raise ShopeeRefused(str(code)[:100], message)
    if status >= 400:
        raise ShopeeRefused(f"status_{status}", "")
    return read
