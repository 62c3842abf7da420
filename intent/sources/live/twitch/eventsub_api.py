"""Asks Twitch's HTTP API: whose token it is, which channel is meant, and for events."""

from __future__ import annotations

from collections.abc import Mapping

from intent.model.errors import Malformed, OperatorError, SourceLost
from intent.sources.live.fetch import HttpAnswer, HttpReader, asked_to_wait
from intent.sources.live.twitch.eventsub_payload import ACCESS_TOKEN, CLIENT_ID, SCOPE
from intent.sources.payloads import items_of, keys_of, read_object

SUBSCRIPTIONS = "/helix/eventsub/subscriptions"
ORPHAN_SECONDS = 30.0
"""After which Twitch has noticed that a listener is gone."""


class EventSubApi:
    """What is needed of the API; used by one thread at a time."""

    def __init__(self, client_id: str, token: str, api: HttpReader, login: HttpReader) -> None:
        self._token, self._api, self._login = token, api, login
        self._headers = {"Client-Id": client_id, "Authorization": f"Bearer {token}"}

    def close(self) -> None:
        """Close all connections."""
        self._api.close()
        self._login.close()

    def reader_id(self) -> str:
        """Return the number of the account that the token belongs to.

        Raises:
            OperatorError: the token is none, has run out, or may not read chat.
            SourceLost: Twitch does not answer.
        """
        headers = {"Authorization": f"OAuth {self._token}"}
        told = _keys(self._login.get("/oauth2/validate", headers=headers))
        if SCOPE not in items_of(told.get("scopes")):
            raise OperatorError(f"the token lacks the scope {SCOPE}; make one that has it")
        return str(told.get("user_id") or "")

    def channel_id(self, channel: str) -> str:
        """Return the number of a channel, by its name or as it is.

        Raises:
            OperatorError: there is no such channel, or the token is refused.
            SourceLost: Twitch does not answer.
        """
        if channel.isascii() and channel.isdigit():
            return channel
        found = _keys(self._api.get("/helix/users", {"login": channel}, headers=self._headers))
        for user in items_of(found.get("data")):
            return str(keys_of(user).get("id"))
        raise OperatorError(f"Twitch has no channel {channel}; mend its name")

    def subscribe(self, kind: str, condition: Mapping[str, str], session: str, former: str) -> None:
        """Ask for events of one kind.

        Args:
            condition: of which channel, for which account.
            session: to which they are sent.
            former: our session before, whose subscriptions are of no use any more.

        Raises:
            OperatorError: Twitch will not have it.
            SourceLost: Twitch does not answer, or somebody else gets them at the moment.
        """
        body = {
            "type": kind,
            "version": "1",
            "condition": condition,
            "transport": {"method": "websocket", "session_id": session},
        }
        answer = self._api.post(SUBSCRIPTIONS, json=body, headers=self._headers)
        if answer.status == 409:
            self._free(kind, condition, session, former)
            answer = self._api.post(SUBSCRIPTIONS, json=body, headers=self._headers)
        if answer.status == 409:
            raise SourceLost(f"{kind} is taken by another listener", ORPHAN_SECONDS)
        _keys(answer)

    def _free(self, kind: str, condition: Mapping[str, str], session: str, former: str) -> None:
        """Delete the subscription of a session that is no more; that of a listener who lives stays.

        Raises:
            SourceLost: somebody else seems to listen.
        """
        query = {"type": kind}
        found = _keys(self._api.get(SUBSCRIPTIONS, query, headers=self._headers))
        for one in map(keys_of, items_of(found.get("data"))):
            told, held = keys_of(one.get("condition")), keys_of(one.get("transport"))
            if any(told.get(name) != value for name, value in condition.items()):
                continue
            holder = held.get("session_id")
            if holder == session:
                continue
            if one.get("status") == "enabled" and holder != former:
                # It may be a process that was killed a moment ago, or one that lives.
                raise SourceLost(f"{kind} is taken by another listener", ORPHAN_SECONDS)
            self._api.delete(SUBSCRIPTIONS, {"id": str(one.get("id"))}, headers=self._headers)


def _keys(answer: HttpAnswer) -> Mapping[str, object]:
    """Return what an answer holds, if it is a good one."""
    if answer.status == 401:
        raise OperatorError(
            "Twitch refuses the token: it has run out, was taken back or is of another application "
            f"than {CLIENT_ID}; set a new one in {ACCESS_TOKEN}"
        )
    if answer.status == 429:
        raise SourceLost("Twitch asks us to wait", asked_to_wait(answer.headers) or ORPHAN_SECONDS)
    if answer.status >= 400:
        raise OperatorError(
            f"Twitch refuses what was asked (status {answer.status}); look whether the account is "
            f"banned in the channel, and whether the token has the scope {SCOPE}"
        )
    try:
        return read_object(answer.body)
    except Malformed as error:
        raise SourceLost(f"Twitch's answer {error}") from error
