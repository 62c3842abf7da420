"""Reads conversions of any CSV or JSON by a mapping in YAML that says which column holds what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

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
    read_zone,
)

KEYS: tuple[Column, ...] = (
    *("code", "lead_id", "gclid", "fbclid", "ttclid", "ctwa_clid", "message_id", "order_id"),
)
"""Keys that a conversion is linked by, beside user, phone and mail."""

Column = Literal[
    "conversion_id",
    "source_event_id",
    "event_timestamp",
    "changed_timestamp",
    "clicked_at",
    "kind",
    "stage",
    "status",
    "value",
    "currency",
    "platform",
    "user_id",
    "room_id",
    "creator_id",
    "item_id",
    "phone",
    "mail",
    "code",
    "lead_id",
    "gclid",
    "fbclid",
    "ttclid",
    "ctwa_clid",
    "message_id",
    "order_id",
]


class TestMark(BaseModel):
    """What marks a line as a test: a column that holds a value."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    value: str


class ConversionMapping(BaseModel):
    """A mapping file.

    Attributes:
        source: name of who says so; ids need to be unique within it.
        columns: of each value the column that holds it; conversion_id and event_timestamp must be.
        statuses: what the file's own words for a status mean.
        time_format: how times are written (``strptime``), where it is no common form.
        decimal: the decimal sign of amounts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
    columns: dict[Column, str]
    kind: ConversionKind = ConversionKind.ORDER
    statuses: dict[str, ConversionStatus] = {}
    time_format: str | None = None
    time_zone: str | None = None
    currency: str | None = None
    platform: str | None = None
    regions: tuple[str, ...] = ()
    decimal: Literal[".", ","] = "."
    test: TestMark | None = None


class MappedColumns:
    """Conversions by the mapping's conversion_id; one that says nothing else of its events is
    known by what it says.
    """

    def __init__(self, mapping: ConversionMapping) -> None:
        self._mapping = mapping
        self._statuses = {key.casefold(): value for key, value in mapping.statuses.items()}

    def read(self, record: FileRecord, told: FileTold) -> Iterator[ConversionEvent]:
        """Yield what a record says.

        Raises:
            Malformed, PassedOver: it lacks something, or is a test.
        """
        mapping, fields = self._mapping, record.fields
        if mapping.test and fields.text(mapping.test.column) == mapping.test.value:
            raise PassedOver("a test")
        yield self._event(fields, self._told(told))

    def _told(self, told: FileTold) -> FileTold:
        mapping = self._mapping
        zone = read_zone(mapping.time_zone) if mapping.time_zone else None
        return replace(
            told,
            zone=told.zone or zone,
            currency=told.currency or mapping.currency,
            regions=told.regions or mapping.regions,
            platform=told.platform or mapping.platform,
        )

    def _event(self, fields: Fields, told: FileTold) -> ConversionEvent:
        def said(name: Column) -> str | None:
            column = self._mapping.columns.get(name)
            return fields.text(column) if column else None

        order = id_of(self._must(said("conversion_id"), "conversion_id"), "conversion_id")
        ordered = self._instant(self._must(said("event_timestamp"), "event_timestamp"), told)
        written = said("changed_timestamp")
        changed = self._instant(written, told) if written else ordered
        clicked = said("clicked_at")
        if clicked and ordered < self._instant(clicked, told):
            raise Malformed("it was ordered before the click")
        value, status = said("value"), self._status(said("status"))
        keys: dict[str, str] = {name: found for name in KEYS if (found := said(name))}
        kind = said("kind")
        event = said("source_event_id") or (
            f"{order}@{changed:%Y%m%dT%H%M%SZ}#{status or ''}-{value or ''}"
        )
        return ConversionEvent(
            source=self._mapping.source,
            source_event_id=id_of(event, "source_event_id"),
            conversion_id=f"{self._mapping.source}:{order}",
            kind=self._kind(kind) if kind else told.kind or self._mapping.kind,
            stage=said("stage"),
            status=status,
            event_timestamp=ordered,
            changed_timestamp=changed,
            value_micros=micros_of(value, self._mapping.decimal) if value else None,
            currency=currency_of(said("currency"), told) if value else None,
            platform=said("platform") or told.platform,
            user_id=said("user_id"),
            room_id=said("room_id"),
            creator_id=said("creator_id"),
            item_id=said("item_id"),
            keys={**keys, **contact_keys_of(told, phone=said("phone"), mail=said("mail"))},
        )

    def _must(self, found: str | None, name: Column) -> str:
        if found is None:
            column = self._mapping.columns.get(name)
            raise Malformed(
                f"{column!r} ({name}) is empty or not there"
                if column
                else f"the mapping names no column for {name}"
            )
        return found

    def _instant(self, written: str, told: FileTold) -> datetime:
        return instant_of(written, told, form=self._mapping.time_format)

    def _status(self, written: str | None) -> ConversionStatus | None:
        if written is None:
            return None
        known = self._statuses.get(written.casefold())
        if known is not None:
            return known
        try:
            return ConversionStatus(written.casefold())
        except ValueError:
            raise Malformed("a status that the mapping does not name under statuses") from None

    def _kind(self, written: str) -> ConversionKind:
        try:
            return ConversionKind(written.casefold())
        except ValueError:
            raise Malformed("a kind that there is not") from None
