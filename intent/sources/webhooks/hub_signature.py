"""How Meta signs what it pushes, and how it asks whether a webhook is ours (Graph API, *Webhooks*);
the same for WhatsApp, Messenger and Instagram.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from intent.sources.declaration import Secret
from intent.sources.webhooks.incoming import Incoming, same, signed_by_any

APP_SECRET = Secret("META_APP_SECRET", "the secret of the app, from its basic settings")
VERIFY_TOKEN = Secret("META_VERIFY_TOKEN", "a word of your own, which Meta repeats when it asks")

_PREFIX = "sha256="


def check_hub_signature(request: Incoming, secrets: Sequence[str]) -> str | None:
    """Return why a request is not signed by the app; None if it is."""
    given = request.header("x-hub-signature-256")
    if not given.startswith(_PREFIX):
        return "X-Hub-Signature-256 is missing, or not sha256=…"
    given = given.removeprefix(_PREFIX).lower()
    if signed_by_any(secrets, [request.body] * len(secrets), given):
        return None
    return "X-Hub-Signature-256 is not that of the body with this app's secret"


def hub_challenge(query: Mapping[str, str], tokens: Sequence[str]) -> str | None:
    """Return what Meta wants to hear when it asks whether a webhook is ours; None if it asked with
    another word.
    """
    asked = query.get("hub.verify_token", "")
    known = [same(token, asked) for token in tokens if token]
    if query.get("hub.mode") != "subscribe" or not any(known):
        return None
    challenge = query.get("hub.challenge", "")
    # Nothing is repeated that a browser could read as a page.
    return challenge if challenge.isascii() and challenge.isalnum() else None
