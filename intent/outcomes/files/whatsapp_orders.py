"""Reads conversions of chats on WhatsApp: orders as its Cloud API pushes them, and events as they
are reported to Meta (Conversions API for business messaging).

The click id of the advertisement stands in the first message of a thread alone, so it is remembered
for the orders that follow in the same file.
"""

from __future__ import annotations

from collections.abc import Iterator

from intent.model.errors import Malformed
from intent.model.outcomes import ConversionEvent, ConversionKind, ConversionStatus
from intent.outcomes.files.file_records import Fields, FileRecord
from intent.outcomes.files.said_values import (
    FileTold,
    PassedOver,
    currency_of,
    id_of,
    instant_of,
    micros_of,
)

SOURCE = "whatsapp"
_KINDS = {
    "purchase": (ConversionKind.ORDER, ConversionStatus.PAID),
    "initiatecheckout": (ConversionKind.ORDER, ConversionStatus.PLACED),
    "leadsubmitted": (ConversionKind.LEAD_FORM, ConversionStatus.PLACED),
    "schedule": (ConversionKind.BOOKING, ConversionStatus.PLACED),
}


class WhatsappOrders:
    """Orders by the id of their message, events by their own id."""

    def __init__(self) -> None:
        self._clicks: dict[str, str] = {}

    def read(self, record: FileRecord, told: FileTold) -> Iterator[ConversionEvent]:
        """Yield what a pushed payload, or an event that was reported, says.

        Raises:
            Malformed, PassedOver: it says nothing that can be read, or holds no conversion.
        """
        fields = record.fields
        if fields.text("test event code"):
            raise PassedOver("a test event")
        if fields.has("entry"):
            found = list(self._pushed(fields, told))
            if not found:
                raise PassedOver("messages without an order")
            yield from found
            return
        yield _reported(fields, told)

    def _pushed(self, fields: Fields, told: FileTold) -> Iterator[ConversionEvent]:
        for entry in fields.parts("entry"):
            for change in entry.parts("changes"):
                for message in change.part("value").parts("messages"):
                    author = message.must("from_user_id", "from")
                    click = message.part("referral").text("ctwa_clid")
                    if click:
                        self._clicks[author] = click
                    if message.has("order"):
                        yield self._order(message, author, told)

    def _order(self, message: Fields, author: str, told: FileTold) -> ConversionEvent:
        items = message.part("order").parts("product_items")
        if not items:
            raise Malformed("an order without products")
        currencies = {one.must("currency") for one in items}
        if len(currencies) > 1:
            raise Malformed("an order in several currencies")
        total = sum(micros_of(one.must("item_price")) * _pieces(one) for one in items)
        order = id_of(message.must("id"), "id")
        when = instant_of(message.must("timestamp"), told)
        click = self._clicks.get(author)
        products = [one.text("product_retailer_id") for one in items]
        return ConversionEvent(
            source=SOURCE,
            source_event_id=order,
            conversion_id=f"{SOURCE}:{order}",
            kind=told.kind or ConversionKind.ORDER,
            status=ConversionStatus.PLACED,
            event_timestamp=when,
            changed_timestamp=when,
            value_micros=total,
            currency=currency_of(currencies.pop(), told),
            platform=told.platform or SOURCE,
            user_id=author,
            item_id=products[0] if len(products) == 1 else None,
            keys={"ctwa_clid": click} if click else {},
        )


def _reported(fields: Fields, told: FileTold) -> ConversionEvent:
    name, user, custom = (
        fields.must("event name"),
        fields.part("user data"),
        fields.part("custom data"),
    )
    known = _KINDS.get(name.casefold())
    if known is None:
        raise PassedOver("an event that is no conversion")
    click = user.text("ctwa_clid") or fields.text("ctwa_clid")
    if click is None:
        raise Malformed("ctwa_clid is missing")
    when = instant_of(fields.must("event time"), told)
    event = fields.text("event id") or f"{click}#{name}@{when:%Y%m%dT%H%M%SZ}"
    order = custom.text("order_id") or fields.text("order id")
    value = custom.text("value") or fields.text("value")
    currency = custom.text("currency") or fields.text("currency")
    return ConversionEvent(
        source=SOURCE,
        source_event_id=id_of(event, "event_id"),
        conversion_id=f"{SOURCE}:{order or event}",
        kind=told.kind or known[0],
        status=known[1],
        stage=name,
        event_timestamp=when,
        changed_timestamp=when,
        value_micros=micros_of(value) if value else None,
        currency=currency_of(currency, told) if value else None,
        keys={"ctwa_clid": click},
    )


def _pieces(fields: Fields) -> int:
    written = fields.must("quantity")
    if not written.isdecimal() or len(written) > 6:
        raise Malformed("a quantity that is no number of pieces")
    return int(written)
