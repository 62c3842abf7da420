"""Checks and reads what platforms push: one table of all webhooks, for whatever serves HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from intent.model.batch import Batch, Refused, Retraction
from intent.model.errors import Malformed, OperatorError
from intent.model.message import Message
from intent.sources.declaration import Declaration
from intent.sources.door import Door
from intent.sources.webhooks.hub_signature import (
    VERIFY_TOKEN,
    check_hub_signature,
    hub_challenge,
)
from intent.sources.webhooks.incoming import MAX_BODY_BYTES, Because, Incoming, Rejected, as_batch

Check = Callable[[Incoming, Sequence[str]], str | None]


@dataclass(frozen=True, slots=True)
class WebhookKind:
    """One line of the table.

    Attributes:
        declaration: what a webhook says of itself.
        check: returns why a request is not let in, given the secrets; None if it is.
        read: yields what a request holds.
        room_ids: ids of its messages are unique in a room only.
    """

    declaration: Declaration
    check: Check
    read: Callable[[Incoming, Door], Iterator[Message | Refused | Retraction]]
    room_ids: bool = False


def webhook_kinds() -> dict[str, WebhookKind]:
    """Return all webhooks by the last part of their path."""
    from intent.sources.webhooks import (
        kick_chat,
        messenger_events,
        standard_webhooks,
        telegram_push,
        tiktok_shop,
        whatsapp_cloud,
    )

    kinds = (
        WebhookKind(whatsapp_cloud.DECLARATION, check_hub_signature, whatsapp_cloud.read_whatsapp),
        WebhookKind(
            messenger_events.MESSENGER, check_hub_signature, messenger_events.read_messenger
        ),
        WebhookKind(
            messenger_events.INSTAGRAM, check_hub_signature, messenger_events.read_instagram
        ),
        WebhookKind(kick_chat.DECLARATION, _check_kick, kick_chat.read_kick),
        WebhookKind(
            tiktok_shop.DECLARATION,
            tiktok_shop.check_tiktok_signature,
            tiktok_shop.read_tiktok_shop,
            room_ids=True,
        ),
        WebhookKind(
            telegram_push.DECLARATION,
            telegram_push.check_telegram_secret,
            telegram_push.read_telegram,
            room_ids=True,
        ),
        WebhookKind(standard_webhooks.DECLARATION, _check_standard, standard_webhooks.read_wire),
    )
    return {kind.declaration.scheme: kind for kind in kinds}


@dataclass(frozen=True, slots=True)
class WebhookSecrets:
    """What a webhook is given, from the environment.

    Attributes:
        signing: what its requests are checked with: the present secret, and the one before it while
            one takes over from the other.
        tokens: the words that its platform repeats when it asks whether it is ours.
    """

    signing: Sequence[str] = ()
    tokens: Sequence[str] = ()


def webhook_secrets(platform: str, environment: Mapping[str, str]) -> WebhookSecrets:
    """Return the secrets that a webhook's declaration names; none for one that nobody knows.

    Each stands in the variable of its name; while it changes, the one before it stands in the same
    name with ``_OLD`` behind it. Line breaks of a key may be written as a backslash and an n.
    """
    kind = webhook_kinds().get(platform)
    if kind is None:
        return WebhookSecrets()
    signing: list[str] = []
    tokens: list[str] = []
    for secret in kind.declaration.secrets:
        held = [environment.get(secret.variable + more, "").strip() for more in ("", "_OLD")]
        (tokens if secret == VERIFY_TOKEN else signing).extend(
            one.replace("\\n", "\n") for one in held if one
        )
    return WebhookSecrets(signing, tokens)


def read_webhook(
    platform: str, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime
) -> Batch | Rejected:
    """Check and read one request; whatever it holds is no exception.

    Args:
        platform: the last part of the path, such as ``whatsapp``.
        headers: as they came; the case of their names is of no matter.
        body: every byte as it came, which is what is signed.
        secrets: what the webhook's declaration names; several while one takes over from another.
        now: when it came, aware.

    Returns:
        What it holds, to be put before it is answered with 2xx: an empty batch for what is not
        used, which is answered so too, or the platform ends its subscription. Or why it is not let
        in.

    Raises:
        OperatorError: a package of the extra ``webhooks`` is missing.
    """
    kind = webhook_kinds().get(platform)
    if kind is None:
        return Rejected(Because.UNKNOWN, "there is no such webhook")
    if len(body) > MAX_BODY_BYTES:
        return Rejected(Because.TOO_LARGE, f"the body is longer than {MAX_BODY_BYTES:,} bytes")
    if not any(secrets):
        return Rejected(Because.UNSIGNED, "no secret is set, and so nothing can be let in")
    request = Incoming.of(headers, body, now)
    reason = kind.check(request, secrets)
    if reason is not None:
        return Rejected(Because.UNSIGNED, reason)
    try:
        return as_batch(kind.read(request, Door(room_ids=kind.room_ids, now=lambda: now)))
    except Malformed as error:
        return Rejected(Because.MALFORMED, f"the body {error}")


def answer_challenge(
    platform: str, query: Mapping[str, str], tokens: Sequence[str]
) -> str | Rejected:
    """Return what a platform wants to hear when it asks, by GET, whether a webhook is ours.

    Args:
        platform: the last part of the path.
        query: the parameters of the address.
        tokens: the words that we gave the platform.
    """
    kind = webhook_kinds().get(platform)
    if kind is None or kind.check is not check_hub_signature:
        return Rejected(Because.UNKNOWN, "nobody asks whether this webhook is ours")
    challenge = hub_challenge(query, tokens)
    if challenge is None:
        return Rejected(Because.UNSIGNED, "hub.verify_token is not the word that was agreed on")
    return challenge


def _check_kick(request: Incoming, keys: Sequence[str]) -> str | None:
    try:
        from intent.sources.webhooks.kick_signature import check_kick_signature
    except ImportError as error:
        raise _missing(error) from error
    return check_kick_signature(request, keys)


def _check_standard(request: Incoming, secrets: Sequence[str]) -> str | None:
    try:
        from intent.sources.webhooks.standard_signature import check_standard_signature
    except ImportError as error:
        raise _missing(error) from error
    return check_standard_signature(request, secrets)


def _missing(error: ImportError) -> OperatorError:
    return OperatorError(
        f"this webhook needs {error.name}; install it with: pip install 'lead-intent[webhooks]'"
    )
