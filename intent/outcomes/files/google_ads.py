"""Reads Google's files of offline conversions, and the separate ones of their adjustments
(developers.google.com/google-ads/api, *Upload offline conversions*, *Upload adjustments*).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo

from intent.model.errors import Malformed, WrongUse
from intent.model.outcomes import ConversionEvent, ConversionKind, ConversionStatus
from intent.outcomes.files.file_records import Fields, FileRecord
from intent.outcomes.files.said_values import (
    FileTold,
    contact_keys_of,
    currency_of,
    id_of,
    instant_of,
    micros_of,
    read_zone,
)

SOURCE = "google_ads"
CLICKS = ("gclid", "gbraid", "wbraid")
TIME_WRITTEN = "%Y-%m-%d %H:%M:%S%z"
_ADJUSTMENTS = {
    "retract": "RETRACTION",
    "retraction": "RETRACTION",
    "restate": "RESTATEMENT",
    "restatement": "RESTATEMENT",
    "enhance": "ENHANCEMENT",
    "enhancement": "ENHANCEMENT",
}


class GoogleAds:
    """Conversions by click id, and adjustments by order id, or by click id and time."""

    def read(self, record: FileRecord, told: FileTold) -> Iterator[ConversionEvent]:
        """Yield what a line says.

        Raises:
            Malformed: it lacks something, or says it in a way that nobody can read.
        """
        fields, zone = record.fields, _zone(record)
        if fields.has("adjustment type"):
            yield _adjustment(fields, told, zone)
        else:
            yield _conversion(fields, told, zone)


def _conversion(fields: Fields, told: FileTold, zone: tzinfo | None) -> ConversionEvent:
    when = instant_of(fields.must("conversion time"), told, zone)
    clicks = _clicks(fields)
    order = fields.text("order id", "transaction id")
    if not clicks and order is None:
        raise Malformed("neither a click id nor an order id")
    key = _key(fields, order, clicks, when)
    value = fields.text("conversion value")
    return ConversionEvent(
        source=SOURCE,
        source_event_id=f"{key}#placed",
        conversion_id=f"{SOURCE}:{key}",
        kind=told.kind or ConversionKind.ORDER,
        status=ConversionStatus.PLACED,
        stage=fields.text("conversion name"),
        event_timestamp=when,
        changed_timestamp=when,
        value_micros=micros_of(value) if value else None,
        currency=currency_of(fields.text("conversion currency"), told) if value else None,
        keys={**clicks, **_contacts(fields, told), **({"order_id": order} if order else {})},
    )


def _adjustment(fields: Fields, told: FileTold, zone: tzinfo | None) -> ConversionEvent:
    named = fields.must("adjustment type")
    kind = _ADJUSTMENTS.get(named.casefold())
    if kind is None:
        raise Malformed("an adjustment that is no retraction, restatement or enhancement")
    order, clicks = fields.text("order id", "transaction id"), _clicks(fields)
    written = fields.text("conversion time")
    when = instant_of(written, told, zone) if written else None
    if order is None and (not clicks or when is None):
        raise Malformed("neither an order id, nor a click id with the time of the conversion")
    key = _key(fields, order, clicks, when)
    adjusted = fields.text("adjustment time")
    if adjusted is None and (when is None or kind != "ENHANCEMENT"):
        raise Malformed("adjustment time is missing")
    changed = instant_of(adjusted, told, zone) if adjusted else when
    assert changed is not None
    if when is not None and changed < when:
        raise Malformed("adjusted before it was converted")
    value = fields.text("adjusted value", "adjusted conversion value")
    if kind == "RESTATEMENT" and value is None:
        raise Malformed("a restatement without a value")
    restated = value if kind == "RESTATEMENT" else None
    currency = fields.text("adjusted value currency", "adjusted currency", "currency")
    return ConversionEvent(
        source=SOURCE,
        source_event_id=f"{key}#{kind.lower()}@{changed:%Y%m%dT%H%M%SZ}",
        conversion_id=f"{SOURCE}:{key}",
        kind=told.kind or ConversionKind.ORDER,
        status=ConversionStatus.CANCELLED if kind == "RETRACTION" else None,
        stage=fields.text("conversion name"),
        changed_timestamp=changed,
        value_micros=micros_of(restated) if restated else None,
        currency=currency_of(currency, told) if restated else None,
        keys={**clicks, **(_contacts(fields, told) if kind == "ENHANCEMENT" else {})},
    )


def _clicks(fields: Fields) -> dict[str, str]:
    names = {"gclid": ("google click id", "gclid"), "gbraid": ("gbraid",), "wbraid": ("wbraid",)}
    found = {name: fields.text(*spellings) for name, spellings in names.items()}
    return {name: id_of(value, name) for name, value in found.items() if value}


def _key(fields: Fields, order: str | None, clicks: dict[str, str], when: datetime | None) -> str:
    """Return what tells a conversion from others: its order id, else its click and its time."""
    if order is not None:
        return id_of(order, "order id")
    assert when is not None
    parts = (*sorted(clicks.values()), fields.text("conversion name") or "")
    named = "\x00".join((*parts, when.astimezone(UTC).isoformat()))
    return f"click-{hashlib.sha256(named.encode()).hexdigest()[:24]}"


def _contacts(fields: Fields, told: FileTold) -> dict[str, str]:
    return dict(
        contact_keys_of(
            told,
            phone=fields.text("phone number", "phone"),
            mail=fields.text("email", "email address"),
        )
    )


def _zone(record: FileRecord) -> tzinfo | None:
    said = record.parameters.get("timezone")
    if not said:
        return None
    try:
        return read_zone(said)
    except WrongUse:
        raise Malformed("the file's TimeZone is none") from None
