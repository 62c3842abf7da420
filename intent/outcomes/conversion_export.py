"""Writes conversions in the formats that ad platforms take, adjustments included.

Only keys that were given in the clear are written: phone numbers and mail addresses are kept as
keyed hashes, which mean nothing to anybody else.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from intent.model.errors import WrongUse
from intent.model.outcomes import Conversion, ConversionEvent
from intent.model.spreadsheet import defused
from intent.outcomes.files.google_ads import SOURCE as GOOGLE
from intent.outcomes.files.google_ads import TIME_WRITTEN
from intent.store.times import microseconds

META_TAKES = timedelta(days=7)
"""Meta refuses events that are older."""

_GOOGLE = (
    *("Google Click ID", "Conversion Name", "Conversion Time"),
    *("Conversion Value", "Conversion Currency", "Order ID"),
)
_ADJUSTMENTS = (
    *("Order ID", "Google Click ID", "Conversion Name", "Conversion Time", "Adjustment Time"),
    *("Adjustment Type", "Adjusted Value", "Adjusted Value Currency"),
)
_PLAIN = (
    *("source", "conversion_id", "revision", "kind", "stage", "status", "value", "currency"),
    *("platform", "user_id", "room_id", "creator_id", "item_id"),
    *("event_timestamp", "changed_timestamp", "known_since"),
)


@dataclass(frozen=True, slots=True)
class ConversionHistory:
    """A conversion as it stands, and what was said of it, in order."""

    now: Conversion
    said: Sequence[ConversionEvent]


@dataclass(frozen=True, slots=True)
class ExportTold:
    """What is said about an export.

    Attributes:
        name: Google's name of the conversion action, or TikTok's of the event; the stage, or else
            the kind, where not given.
        adjustments: what changed since, in place of the conversions.
        now: what is too old by then is left out.
    """

    now: datetime
    name: str | None = None
    adjustments: bool = False


@dataclass(slots=True)
class ExportCounts:
    """How many records were written, and why others were left out."""

    written: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


Lines = Callable[[ConversionHistory, ExportTold, Counter[str]], Iterator[Any]]


def export_text(
    name: str, histories: Iterator[ConversionHistory], told: ExportTold, report: ExportCounts
) -> Iterator[str]:
    """Yield the lines of an export, and count.

    Raises:
        WrongUse: there is no such format, or it has no adjustments.
    """
    if name not in EXPORTS:
        raise WrongUse(f"there is no format {name!r}; it is one of: {', '.join(EXPORTS)}")
    if told.adjustments and name != "google_ads":
        raise WrongUse("google_ads alone takes adjustments in a file of their own")
    lines = _adjusted if told.adjustments else EXPORTS[name]
    header = {"google_ads": _GOOGLE, "csv": _PLAIN}.get(name)
    if name == "google_ads":
        header = _ADJUSTMENTS if told.adjustments else _GOOGLE
        yield "Parameters:TimeZone=+0000\n"
    if header is not None:
        yield _csv(header)
    for one in histories:
        for line in lines(one, told, report.left_out):
            report.written += 1
            yield _csv(line) if header is not None else json.dumps(line) + "\n"


def _google(
    one: ConversionHistory, told: ExportTold, left_out: Counter[str]
) -> Iterator[list[str]]:
    now, first = one.now, _priced(one)
    click = now.keys.get("gclid")
    if click is None:
        left_out["no gclid"] += 1
        return
    when = now.event_timestamp.strftime(TIME_WRITTEN)
    yield [click, _named(now, told), when, *_amount(first), _order(now)]


def _adjusted(
    one: ConversionHistory, told: ExportTold, left_out: Counter[str]
) -> Iterator[list[str]]:
    """Write the one adjustment that brings a conversion to what it is now: what Google has taken
    back can't be adjusted any more.
    """
    now, first = one.now, _priced(one)
    if "gclid" not in now.keys:
        left_out["no gclid"] += 1
        return
    if not now.status.stands:
        kind, amount = "RETRACTION", ["", ""]
    elif first is not None and now.value_micros != first.value_micros:
        kind, amount = "RESTATEMENT", _amount(_as_now(first, now))
    else:
        left_out["not changed"] += 1
        return
    when = now.event_timestamp.strftime(TIME_WRITTEN)
    changed = now.changed_timestamp.strftime(TIME_WRITTEN)
    yield [_order(now), "", _named(now, told), when, changed, kind, *amount]


def _meta(
    one: ConversionHistory, told: ExportTold, left_out: Counter[str]
) -> Iterator[dict[str, Any]]:
    lead = one.now.keys.get("lead_id")
    if lead is None or not lead.isdecimal():
        left_out["no lead_id"] += 1
        return
    for event in one.said:
        if told.now - event.changed_timestamp > META_TAKES:
            left_out["older than 7 days"] += 1
            continue
        status = event.status.value if event.status else None
        yield {
            "event_name": event.stage or status or event.kind.value,
            "event_time": microseconds(event.changed_timestamp) // 1_000_000,
            "event_id": event.source_event_id,
            "action_source": "system_generated",
            "user_data": {"lead_id": int(lead)},
            "custom_data": {
                "event_source": "crm",
                "lead_event_source": one.now.source,
                **_money(event),
            },
        }


def _tiktok(
    one: ConversionHistory, told: ExportTold, left_out: Counter[str]
) -> Iterator[dict[str, Any]]:
    now = one.now
    click, lead = now.keys.get("ttclid"), now.keys.get("lead_id")
    if click is None and lead is None:
        left_out["neither ttclid nor lead_id"] += 1
        return
    if not now.status.stands:
        left_out["cancelled or refunded"] += 1
        return
    user = {"ttclid": click} if click else {}
    yield {
        "event": told.name or _TIKTOK_NAMES.get(now.kind.value, "Contact"),
        "event_time": microseconds(now.event_timestamp) // 1_000_000,
        "event_id": now.conversion_id,
        "user": user,
        **({"lead": {"lead_id": lead, "lead_event_source": now.source}} if lead else {}),
        "properties": {"order_id": _order(now), **_money(now)},
    }


_TIKTOK_NAMES = {
    "order": "CompletePayment",
    "booking": "Schedule",
    "lead_form": "SubmitForm",
    "quote": "SubmitForm",
}


def _plain(
    one: ConversionHistory, _told: ExportTold, _left_out: Counter[str]
) -> Iterator[list[str]]:
    values: dict[str, Any] = {name: getattr(one.now, name, None) for name in _PLAIN}
    values["value"] = _decimal(one.now.value_micros)
    cells = (cell.isoformat() if isinstance(cell, datetime) else cell for cell in values.values())
    yield ["" if cell is None else str(cell) for cell in cells]


EXPORTS: dict[str, Lines] = {
    "google_ads": _google,
    "meta_crm": _meta,
    "tiktok": _tiktok,
    "csv": _plain,
}


def _priced(one: ConversionHistory) -> ConversionEvent | None:
    """Return the first that said what it is worth."""
    return next((event for event in one.said if event.value_micros is not None), None)


def _as_now(first: ConversionEvent, now: Conversion) -> ConversionEvent:
    return replace(first, value_micros=now.value_micros, currency=now.currency)


def _named(now: Conversion, told: ExportTold) -> str:
    return told.name or now.stage or now.kind.value


def _order(now: Conversion) -> str:
    """Return the order id that Google knows it by: its own, or ours."""
    own = now.keys.get("order_id")
    return own if own and now.source == GOOGLE else now.conversion_id


def _amount(event: ConversionEvent | None) -> list[str]:
    if event is None:
        return ["", ""]
    return [_decimal(event.value_micros), event.currency or ""]


def _money(one: ConversionEvent | Conversion) -> dict[str, Any]:
    if one.value_micros is None:
        return {}
    return {"value": float(_decimal(one.value_micros)), "currency": one.currency}


def _decimal(micros: int | None) -> str:
    return "" if micros is None else f"{Decimal(micros) / 1_000_000:.6f}".rstrip("0").rstrip(".")


def _csv(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([defused(cell) for cell in cells])
    return text.getvalue()
