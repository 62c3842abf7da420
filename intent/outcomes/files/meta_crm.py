"""Reads stages of lead ads as a CRM reports them to Meta (Conversions API for CRM), and exports of
the leads themselves.
"""

from __future__ import annotations

import re
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

SOURCE = "meta_crm"
_LEAD_ID = re.compile(r"(?:l:)?(\d{15,17})")
STAGES = {
    "won": ConversionStatus.PAID,
    "closed won": ConversionStatus.PAID,
    "converted": ConversionStatus.PAID,
    "purchase": ConversionStatus.PAID,
    "lost": ConversionStatus.CANCELLED,
    "closed lost": ConversionStatus.CANCELLED,
    "disqualified": ConversionStatus.CANCELLED,
    "no show": ConversionStatus.NO_SHOW,
    "refunded": ConversionStatus.REFUNDED,
}
"""What the commonest names of stages mean; others are kept as the stage alone."""


class MetaCrm:
    """Leads by their lead_id; every stage is a revision."""

    def read(self, record: FileRecord, told: FileTold) -> Iterator[ConversionEvent]:
        """Yield what a record says: a stage, or a lead.

        Raises:
            Malformed, PassedOver: it says nothing that can be read, or is a test.
        """
        fields = record.fields
        if fields.text("test event code"):
            raise PassedOver("a test event")
        yield _stage(fields, told) if fields.has("event name") else _lead(fields, told)


def _lead(fields: Fields, told: FileTold) -> ConversionEvent:
    if any("<test lead:" in str(value) for value in fields.values.values()):
        raise PassedOver("a test lead")
    lead = _lead_id(fields.must("id", "lead id"))
    when = instant_of(fields.must("created time"), told)
    phone, mail = fields.text("phone number", "phone"), fields.text("email")
    return ConversionEvent(
        source=SOURCE,
        source_event_id=f"{lead}#lead",
        conversion_id=f"{SOURCE}:{lead}",
        kind=told.kind or ConversionKind.LEAD_FORM,
        status=ConversionStatus.PLACED,
        event_timestamp=when,
        changed_timestamp=when,
        keys={"lead_id": lead, **contact_keys_of(told, phone=phone, mail=mail)},
    )


def _stage(fields: Fields, told: FileTold) -> ConversionEvent:
    user, custom = fields.part("user data"), fields.part("custom data")
    lead = _lead_id(user.text("lead id") or fields.must("lead id"))
    stage = fields.must("event name")
    when = instant_of(fields.must("event time"), told)
    created = fields.text("lead created time", "created time")
    born = instant_of(created, told) if created else None
    if born is not None and when < born:
        raise Malformed("a stage before the lead itself")
    value = custom.text("value") or fields.text("value")
    currency = custom.text("currency") or fields.text("currency")
    return ConversionEvent(
        source=SOURCE,
        source_event_id=fields.text("event id") or f"{lead}#{stage}@{when:%Y%m%dT%H%M%SZ}",
        conversion_id=f"{SOURCE}:{lead}",
        kind=told.kind or ConversionKind.LEAD_FORM,
        stage=stage,
        status=STAGES.get(stage.replace("_", " ").casefold()),
        event_timestamp=born or when,
        changed_timestamp=when,
        value_micros=micros_of(value) if value else None,
        currency=currency_of(currency, told) if value else None,
        keys={"lead_id": lead},
    )


def _lead_id(written: str) -> str:
    found = _LEAD_ID.fullmatch(id_of(written, "lead_id"))
    if found is None:
        raise Malformed("a lead_id that has not its 15 to 17 digits")
    return found[1]
