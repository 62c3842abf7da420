"""Reads orders of Shopify: payloads of its webhooks or API, of which the latest is the truth, and
the CSV that shops export.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

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

SOURCE = "shopify"
CLICKS = ("gclid", "gbraid", "wbraid", "fbclid", "ttclid")
_STATUS = {
    "paid": ConversionStatus.PAID,
    "partially_paid": ConversionStatus.PAID,
    "partially_refunded": ConversionStatus.PAID,
    "refunded": ConversionStatus.REFUNDED,
    "voided": ConversionStatus.CANCELLED,
}


class ShopifyOrders:
    """Orders by their id; every payload is a revision, at the time of its last change."""

    def read(self, record: FileRecord, told: FileTold) -> Iterator[ConversionEvent]:
        """Yield what a payload or a line of a CSV says.

        Raises:
            Malformed, PassedOver: it lacks something, is a test, or another line of an order.
        """
        fields = record.fields
        if fields.has("lineitem name") or not fields.has("updated_at"):
            yield _exported(fields, told)
            return
        yield _payload(fields, told)


def _payload(fields: Fields, told: FileTold) -> ConversionEvent:
    if fields.flag("test"):
        raise PassedOver("a test order")
    order = id_of(fields.must("id"), "id")
    changed = instant_of(fields.must("updated_at"), told)
    value = fields.text("current_total_price", "total_price")
    customer, notes = fields.part("customer"), _notes(fields)
    phone = fields.text("phone") or customer.text("phone")
    mail = fields.text("email", "contact_email") or customer.text("email")
    items = fields.parts("line_items")
    return ConversionEvent(
        source=SOURCE,
        source_event_id=f"{order}@{changed:%Y%m%dT%H%M%S.%fZ}",
        conversion_id=f"{SOURCE}:{order}",
        kind=told.kind or ConversionKind.ORDER,
        status=_status(fields),
        stage=fields.text("fulfillment_status"),
        event_timestamp=instant_of(fields.must("created_at"), told),
        changed_timestamp=changed,
        value_micros=micros_of(value) if value else None,
        currency=currency_of(fields.text("currency"), told) if value else None,
        platform=notes.get("platform", told.platform),
        user_id=notes.get("user_id"),
        room_id=notes.get("room_id"),
        item_id=items[0].text("sku", "product_id") if len(items) == 1 else None,
        keys={
            **_clicks(fields.text("landing_site")),
            **_codes(one.text("code") for one in fields.parts("discount_codes")),
            **{"order_id": fields.text("name") or order},
            **{name: notes[name] for name in ("message_id", "lead_id") if name in notes},
            **contact_keys_of(told, phone=phone, mail=mail),
        },
    )


def _exported(fields: Fields, told: FileTold) -> ConversionEvent:
    if fields.text("created at") is None:
        raise PassedOver("another line of the order above")
    order = id_of(fields.text("id") or fields.must("name"), "id")
    placed = instant_of(fields.must("created at"), told)
    later = [fields.text(name) for name in ("paid at", "cancelled at")]
    changed = max([placed, *(instant_of(one, told) for one in later if one)])
    value = micros_of(fields.must("total"))
    back = fields.text("refunded amount")
    refunded = micros_of(back) if back else 0
    status = _status(fields)
    if refunded >= value > 0:
        status = ConversionStatus.REFUNDED
    code = fields.text("discount code")
    return ConversionEvent(
        source=SOURCE,
        # An export does not say when an order changed last: what it says is its own event.
        source_event_id=f"{order}@{changed:%Y%m%dT%H%M%SZ}#{status}-{refunded}",
        conversion_id=f"{SOURCE}:{order}",
        kind=told.kind or ConversionKind.ORDER,
        status=status,
        stage=fields.text("fulfillment status"),
        event_timestamp=placed,
        changed_timestamp=changed,
        value_micros=value if status is ConversionStatus.REFUNDED else value - refunded,
        currency=currency_of(fields.text("currency"), told),
        keys={
            **_codes([code]),
            "order_id": fields.text("name") or order,
            **contact_keys_of(
                told, phone=fields.text("phone", "billing phone"), mail=fields.text("email")
            ),
        },
    )


def _status(fields: Fields) -> ConversionStatus:
    money = (fields.text("financial_status") or "").casefold()
    status = _STATUS.get(money, ConversionStatus.PLACED)
    cancelled = fields.text("cancelled_at") is not None
    if cancelled and status is not ConversionStatus.REFUNDED:
        return ConversionStatus.CANCELLED
    return status


def _clicks(landing: str | None) -> dict[str, str]:
    asked = parse_qs(urlsplit(landing).query) if landing else {}
    return {name: asked[name][0] for name in CLICKS if asked.get(name)}


def _codes(codes: Iterator[str | None] | list[str | None]) -> dict[str, str]:
    found = [code for code in codes if code]
    return {"code": found[0]} if found else {}


def _notes(fields: Fields) -> dict[str, str]:
    """Keep what a shop notes beside an order to find its comment or buyer again."""
    kept = {"message_id", "platform", "user_id", "room_id", "lead_id"}
    notes = {one.text("name"): one.text("value") for one in fields.parts("note_attributes")}
    return {str(name): value for name, value in notes.items() if name in kept and value}
