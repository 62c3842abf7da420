"""Asks Telegram's Bot API, and says who can mend what it refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping

from intent.model.errors import Malformed, OperatorError, SourceLost
from intent.sources.live.fetch import LONGEST_WAIT, HttpReader
from intent.sources.live.telegram.bot_updates import TOKEN, USED
from intent.sources.payloads import items_of, keys_of, read_object

MANY = 100
"""Updates in one answer, at most."""

BETWEEN = 30.0
"""Seconds that an answer may take beyond the time for which Telegram holds the question."""


class BotApi:
    """A connection to the Bot API with one token."""

    def __init__(self, token: str, url: str, hold: int) -> None:
        """Prepare; nothing is sent.

        Args:
            token: the bot's.
            url: of the server.
            hold: seconds for which Telegram may hold a question open.

        Raises:
            OperatorError: the token holds what no token holds, or the address is none.
        """
        name, colon, secret = token.strip().partition(":")
        if not (name.isdigit() and colon and secret.isascii() and secret.isprintable()):
            raise OperatorError(
                f"{TOKEN} holds no token of a bot; copy it again from @BotFather: a number, a "
                "colon, and letters"
            )
        self._hold = hold
        self._path = f"/bot{name}:{secret.replace('/', '%2F').replace('?', '%3F')}"
        self._reader = HttpReader("Telegram", url, seconds=hold + BETWEEN)

    def close(self) -> None:
        """Close the connections."""
        self._reader.close()

    def name(self) -> str:
        """Return the name of the bot, without @.

        Raises:
            SourceLost: there is no answer, or one that asks us to wait.
            OperatorError: the token is not taken.
        """
        return str(keys_of(self._ask("getMe", {})).get("username") or "")

    def updates(self, offset: int | None) -> list[Mapping[str, object]]:
        """Return the updates from an offset on, which confirms all before it; without one, all that
        were not confirmed. It waits until there is one.

        Raises:
            SourceLost: there is no answer, or one that asks us to wait.
            OperatorError: the token is not taken, a webhook is set, or somebody else polls.
        """
        asked = {
            "timeout": str(self._hold),
            "limit": str(MANY),
            "allowed_updates": json.dumps(USED),
        }
        if offset is not None:
            asked["offset"] = str(offset)
        return [keys_of(one) for one in items_of(self._ask("getUpdates", asked))]

    def _ask(self, method: str, asked: Mapping[str, str]) -> object:
        answer = self._reader.get(f"{self._path}/{method}", asked)
        try:
            read = read_object(answer.body)
        except Malformed as error:
            raise SourceLost(f"Telegram's answer {error} (status {answer.status})") from None
        if read.get("ok") is True:
            return read.get("result")
        raise refusal(read, answer.status)


def refusal(answer: Mapping[str, object], status: int) -> SourceLost | OperatorError:
    """Return what an answer means that is not ok."""
    code = answer.get("error_code", status)
    said = " ".join(str(answer.get("description") or "nothing").split())[:200]
    if code == 429:
        return SourceLost("Telegram asks us to wait", _wait(answer))
    if code in (401, 404):
        return OperatorError(
            f"Telegram does not know the token in {TOKEN}; ask @BotFather for /token, and set it "
            "again"
        )
    if code == 409 and "webhook" in said:
        return OperatorError(
            "Telegram sends this bot's updates to a webhook, and so answers nobody else; call "
            "deleteWebhook for the bot, or mount the webhook here instead"
        )
    if code == 409:
        return OperatorError(
            "somebody else polls this bot, and Telegram answers only one of us; stop the other one "
            "and start again"
        )
    return OperatorError(f"Telegram refuses ({code}: {said}); look at the bot with @BotFather")


def _wait(answer: Mapping[str, object]) -> float:
    asked = keys_of(answer.get("parameters")).get("retry_after")
    if isinstance(asked, bool) or not isinstance(asked, int | float) or not asked > 0:
        return 30.0
    return min(float(asked), LONGEST_WAIT)
