"""Reads events as they are reported to TikTok (Events API 2.0, of a shop, an app or a CRM); it
sends webhooks again for 72 hours, so that the same event comes several times.
"""

from __future__ import annotations

from collections.abc import Iterator

from intent.model.errors import Malformed
from intent.model.outcomes import ConversionEvent, ConversionKind, ConversionStatus
from intent.outcomes.files.file_records import Fields, FileRecord
from intent.outcomes.files.said_values import (
    FileTold,
    PassedOver,
    contact_keys_of,
    currency_of,
    id_of,
    instant_of,
    micros_of,
)

SOURCE = "tiktok"
_PLACED, _PAID = ConversionStatus.PLACED, ConversionStatus.PAID
_KINDS = {
    "completepayment": (ConversionKind.ORDER, _PAID),
    "purchase": (ConversionKind.ORDER, _PAID),
    "placeanorder": (ConversionKind.ORDER, _PLACED),
    "submitform": (ConversionKind.LEAD_FORM, _PLACED),
    "lead": (ConversionKind.LEAD_FORM, _PLACED),
    "completeregistration": (ConversionKind.LEAD_FORM, _PLACED),
    "schedule": (ConversionKind.BOOKING, _PLACED),
    "contact": (ConversionKind.CALL_BACK, _PLACED),
}


class TiktokEvents:
    """Orders by order_id, leads by lead_id, everything else by event_id."""

    def read(self, record: FileRecord, told: FileTold) -> Iterator[ConversionEvent]:
        """Yield what a record says: one event.

        Raises:
            Malformed, PassedOver: it says nothing that can be read, or is a test.
        """
        fields = record.fields
        if fields.text("test event code"):
            raise PassedOver("a test event")
        crm = fields.text("event source") == "crm"
        yield _event(fields, told, crm=crm)


def _event(fields: Fields, told: FileTold, *, crm: bool) -> ConversionEvent:
    name = fields.must("event", "event name")
    user, properties = fields.part("user"), fields.part("properties")
    lead = fields.part("lead").text("lead_id") or user.text("lead_id") or fields.text("lead id")
    kind, status = _KINDS.get(name.casefold(), (None, None))
    if kind is None and crm and lead:
        kind = ConversionKind.LEAD_FORM
    if kind is None:
        raise PassedOver("an event that is no conversion")
    when = instant_of(fields.must("event time", "timestamp"), told)
    order = properties.text("order_id") or fields.text("order id")
    event = fields.text("event id") or f"{order or lead or ''}#{name}@{when:%Y%m%dT%H%M%SZ}"
    if event.startswith("#"):
        raise Malformed("neither event_id, order_id nor lead_id")
    click = user.text("ttclid") or fields.text("ttclid")
    value = properties.text("value") or fields.text("value")
    currency = properties.text("currency") or fields.text("currency")
    keys = {"ttclid": click, "lead_id": lead, "order_id": order}
    contacts = contact_keys_of(
        told,
        phone=user.text("phone", "phone_number") or fields.text("phone"),
        mail=user.text("email") or fields.text("email"),
    )
    return ConversionEvent(
        source=SOURCE,
        # Events of two names may share an id: TikTok tells duplicates by both.
        source_event_id=id_of(f"{event}#{name}" if fields.text("event id") else event, "event_id"),
        conversion_id=f"{SOURCE}:{order or lead or event}",
        kind=told.kind or kind,
        status=status,
        stage=name,
        event_timestamp=when,
        changed_timestamp=when,
        value_micros=micros_of(value) if value else None,
        currency=currency_of(currency, told) if value else None,
        platform=told.platform,
        keys={**{key: one for key, one in keys.items() if one}, **contacts},
    )
