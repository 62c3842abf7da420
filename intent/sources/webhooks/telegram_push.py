"""Checks what Telegram pushes to a webhook; what it holds is read as if it had been polled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from intent.model.batch import Refused, Retraction
from intent.model.message import Message
from intent.sources.declaration import Declaration, Secret
from intent.sources.door import Door
from intent.sources.live.telegram.bot_updates import read_update
from intent.sources.payloads import read_object
from intent.sources.webhooks.incoming import Incoming, same

DECLARATION = Declaration(
    scheme="telegram",
    title="Telegram, as a bot",
    example="/v1/webhooks/telegram",
    needs=(
        "A bot, with setWebhook called with a secret_token",
        "An address with TLS that Telegram can reach; while it is set, nobody can poll the bot",
    ),
    secrets=(Secret("TELEGRAM_WEBHOOK_SECRET", "the secret_token, a long word of your own"),),
    keeps=(
        "What is polled and what is pushed are the same messages, under the same ids",
        "Edits are decided again, and what is deleted in a business chat is taken back",
    ),
    cannot=(
        "Telegram signs nothing: whoever knows the secret can write in its name",
        "Telegram tells a webhook nothing of what it has given up to send",
    ),
)


def check_telegram_secret(request: Incoming, secrets: Sequence[str]) -> str | None:
    """Return why a request does not hold the secret; None if it does."""
    given = request.header("x-telegram-bot-api-secret-token")
    found = [same(secret, given) for secret in secrets if secret]
    if any(found):
        return None
    return "X-Telegram-Bot-Api-Secret-Token is missing or another one"


def read_telegram(request: Incoming, door: Door) -> Iterator[Message | Refused | Retraction]:
    """Yield what an update says.

    Raises:
        Malformed: it is no JSON object.
    """
    return read_update(read_object(request.body), door, request.now)
