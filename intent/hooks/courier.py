"""Tells a receiver of a lead: writes what is told, signs it, and posts it.

What is told is written anew for every try, from the lead as it stands; nothing of it is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from intent.hooks.post import HookPost
from intent.hooks.signing import Signer
from intent.model.hook import Answered, Hook, HookDelivery, HookEvent, Telling, new_webhook_id
from intent.model.lead import lead_id
from intent.store.columns import MILLION


class HookCourier:
    """Used by several threads at once."""

    def __init__(
        self,
        signer: Signer,
        post: HookPost,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._signer, self._post, self._now = signer, post, now

    def tell(self, delivery: HookDelivery, telling: Telling) -> Answered:
        """Try once.

        Raises:
            OperatorError: the hook's secret was made with another key.
        """
        at = delivery.created_timestamp
        body = written(delivery.event, at, told_of(delivery.event, telling))
        return self._send(telling.hook, delivery.webhook_id, body)

    def test(self, hook: Hook) -> Answered:
        """Tell a receiver that this is a test, once.

        Raises:
            OperatorError: the hook's secret was made with another key.
        """
        body = written(HookEvent.TEST, self._now(), {"hook": hook.name})
        return self._send(hook, new_webhook_id(), body)

    def _send(self, hook: Hook, webhook_id: str, body: bytes) -> Answered:
        headers = self._signer.headers(hook.salts, webhook_id, body, self._now())
        return self._post.post(hook.url, headers, body, allow_private=hook.allow_private)


def told_of(event: HookEvent, telling: Telling) -> dict[str, Any]:
    """Return what a receiver is told of a lead; of one that is gone nothing but which it was."""
    lead = telling.lead
    known: dict[str, Any] = {
        "id": lead_id(lead.platform, lead.message_id),
        "platform": lead.platform,
        "room_id": lead.room_id,
        "message_id": lead.message_id,
    }
    if event is HookEvent.GONE:
        return known
    return known | {
        "user_id": lead.user_id,
        "creator_id": lead.creator_id,
        "item_id": lead.item_id,
        "category_id": lead.category_id,
        "context": {"offer": lead.offer, "item": lead.item},
        "lang": lead.lang,
        "text": lead.text,
        "sent_at": lead.event_timestamp.isoformat(),
        "labels": list(lead.labels),
        "lead_probability": lead.lead_probability / MILLION,
        "slots": [{"kind": slot.kind, "text": slot.text} for slot in lead.slots],
        "decided_by": lead.decided_by,
        "handling": lead.handling,
        "answered": lead.answered,
    }


def written(event: HookEvent, at: datetime, data: Mapping[str, Any]) -> bytes:
    """Return the body of an event, in the shape that Standard Webhooks recommends: ``type``,
    ``timestamp`` and ``data``.
    """
    body = {"type": event.value, "timestamp": at.isoformat(), "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
