"""Keeps a Shopee account logged in: tokens last four hours, and the token that renews them works
once.

In order: note that a pair is asked for, ask, store the answer, use it. Killed before Shopee has
answered, the old token still works. Killed after the answer was written, it is found. Between the
two lie the instants in which Shopee has given a pair that nobody holds: no client can get it again.
What is left then is the old access token, until it ends, and a sentence that says what happened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from intent.model.errors import OperatorError, SourceLost
from intent.sources.live.shopee.shopee_api import ShopeeRefusal, ShopeeRefused, meant_by
from intent.sources.live.shopee.token_file import KeptTokens, TokenFile
from intent.telemetry import logger

EARLY = timedelta(minutes=30)
"""So long before a token ends the next is asked for: an outage of Shopee may last as long."""

REMEMBERED = 500
"""Spent tokens that are remembered: more than are spent in the 30 days that one would live."""

REMEDY = (
    "let the account authorise the app again, and set SHOPEE_ACCESS_TOKEN and "
    "SHOPEE_REFRESH_TOKEN to the new pair"
)


class ShopeeLogin:
    """The tokens of one account, shared by all processes that use the same folder."""

    def __init__(
        self,
        file: TokenFile,
        start: KeptTokens,
        renew: Callable[[str], KeptTokens],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        passed: Callable[[str], None] = lambda step: None,
    ) -> None:
        """Prepare; nothing is read.

        Args:
            file: where pairs are kept.
            start: the pair that the operator has set. A newer one of the file counts, unless this
                one was set since.
            renew: exchanges a refresh token for a pair; raises ``ShopeeRefused`` or ``SourceLost``.
            now: the time of day, aware.
            passed: told each step of a renewal: noted, answered, stored.
        """
        self._file, self._start, self._renew = file, start, renew
        self._now, self._passed = now, passed
        self._kept: KeptTokens | None = None
        self._log = logger("shopee")

    def token(self, refused: str | None = None) -> str:
        """Return an access token to use now.

        Args:
            refused: the one that Shopee has not taken.

        Raises:
            SourceLost: it must be renewed, and Shopee does not answer.
            OperatorError: the refresh token is not taken, or nothing can be stored.
        """
        if self._kept is not None and self._holds(self._kept, refused):
            return self._kept.access
        with self._file.alone():
            kept = self._newest()
            if not self._holds(kept, refused):
                kept = self._next(kept, refused)
        self._kept = kept
        return kept.access

    def _holds(self, kept: KeptTokens, refused: str | None) -> bool:
        in_time = kept.expires is None or self._now() < kept.expires - EARLY
        return bool(kept.access) and kept.access != refused and in_time

    def _newest(self) -> KeptTokens:
        kept = self._file.read()
        if kept is None:
            return self._start
        known = {*kept.spent, _digest(kept.refresh)}
        if _digest(self._start.refresh) in known:
            return kept
        return replace(self._start, spent=(*kept.spent, _digest(kept.refresh)))

    def _next(self, kept: KeptTokens, refused: str | None) -> KeptTokens:
        try:
            return self._renewed(kept)
        except (OperatorError, SourceLost) as error:
            usable = kept.access and kept.access != refused
            if not usable or (kept.expires is not None and self._now() >= kept.expires):
                raise
            until = None if kept.expires is None else kept.expires.isoformat()
            self._log.warning("token_not_renewed", works_until=until, error=str(error))
            # Asked again in a minute, and not at every call.
            return replace(kept, expires=self._now() + EARLY + timedelta(minutes=1))

    def _renewed(self, kept: KeptTokens) -> KeptTokens:
        self._file.write(replace(kept, asked=kept.asked or self._now()))
        self._passed("noted")
        with self._file.reserved() as store:
            try:
                renewed = self._renew(kept.refresh)
            except ShopeeRefused as error:
                if error.refusal is ShopeeRefusal.PASSING or "sign" in error.code:
                    raise meant_by(error) from error
                refusal = OperatorError(_sentence(kept, error))
            else:
                self._passed("answered")
                spent = (*kept.spent, _digest(kept.refresh))[-REMEMBERED:]
                renewed = replace(renewed, spent=spent)
                store(renewed)
                self._passed("stored")
                return renewed
        self._file.write(kept)  # it was answered: with no
        raise refusal


def _sentence(kept: KeptTokens, error: ShopeeRefused) -> str:
    if kept.asked is not None:
        return (
            f"Shopee does not take the refresh token ({error}): on {kept.asked:%Y-%m-%d at %H:%M} "
            "UTC a new pair was asked for, and whoever asked ended, or lost the connection, before "
            f"the answer was stored, and a refresh token works once; {REMEDY}"
        )
    return (
        f"Shopee does not take the refresh token ({error}): it is older than 30 days, was used by "
        f"another program, or the account has withdrawn; {REMEDY}"
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
