"""The formats of conversion files, by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol, get_args

from intent.model.errors import Malformed, WrongUse
from intent.model.outcomes import ConversionEvent
from intent.outcomes.files.file_records import Fields, FileRecord, RefusedRecord, read_records
from intent.outcomes.files.google_ads import GoogleAds
from intent.outcomes.files.mapped_columns import Column, ConversionMapping, MappedColumns
from intent.outcomes.files.meta_crm import MetaCrm
from intent.outcomes.files.said_values import FileTold, PassedOver
from intent.outcomes.files.shopify_orders import ShopifyOrders
from intent.outcomes.files.tiktok_events import TiktokEvents
from intent.outcomes.files.whatsapp_orders import WhatsappOrders


class ConversionFormat(Protocol):
    """Reads what one record of a file says."""

    def read(self, record: FileRecord, told: FileTold) -> Iterator[ConversionEvent]:
        """Yield the events of a record; Malformed and PassedOver say why there is none."""


WRAPPED = ("data", "orders")
"""Lists that requests and pages of APIs hold their records in."""


def _mapped(mapping: ConversionMapping | None) -> ConversionFormat:
    """Return what reads by a mapping; without one the columns are named as ours."""
    plain = {"source": "file", "columns": {name: name for name in get_args(Column)}}
    return MappedColumns(mapping or ConversionMapping.model_validate(plain))


FORMATS: dict[str, Callable[[ConversionMapping | None], ConversionFormat]] = {
    "google_ads": lambda mapping: GoogleAds(),
    "meta_crm": lambda mapping: MetaCrm(),
    "whatsapp": lambda mapping: WhatsappOrders(),
    "tiktok": lambda mapping: TiktokEvents(),
    "shopify": lambda mapping: ShopifyOrders(),
    "csv": _mapped,
    "json": _mapped,
}


@dataclass(slots=True)
class FileCounts:
    """What became of the records of a file: how many there were, and why some gave nothing."""

    records: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    passed_over: Counter[str] = field(default_factory=Counter)


def read_events(
    stream: BinaryIO,
    name: str,
    told: FileTold,
    counts: FileCounts,
    *,
    mapping: ConversionMapping | None = None,
    refused: Callable[[RefusedRecord], None] = lambda line: None,
) -> Iterator[ConversionEvent]:
    """Yield what a file says of conversions, and count and tell what is refused.

    Raises:
        WrongUse: there is no such format, it takes no mapping, or the file is none of it.
    """
    if name not in FORMATS:
        raise WrongUse(f"there is no format {name!r}; it is one of: {', '.join(FORMATS)}")
    if mapping is not None and name not in ("csv", "json"):
        raise WrongUse(f"{name} needs no mapping; give --format csv or json with one")
    reader = FORMATS[name](mapping)

    def refuse(line: RefusedRecord) -> None:
        counts.refused[line.reason] += 1
        refused(line)

    for record in (one for each in read_records(stream) for one in _unwrapped(each)):
        counts.records += 1
        if isinstance(record, RefusedRecord):
            refuse(record)
            continue
        try:
            events = list(reader.read(record, told))
        except Malformed as error:
            refuse(RefusedRecord(record.position, str(error)))
        except PassedOver as why:
            counts.passed_over[str(why)] += 1
        else:
            yield from events


def _unwrapped(record: FileRecord | RefusedRecord) -> Iterator[FileRecord | RefusedRecord]:
    """Yield each record of a request or page alone, with what is said of all of them."""
    name = None
    if isinstance(record, FileRecord):
        values = record.fields.values
        name = next((one for one in WRAPPED if isinstance(values.get(one), list)), None)
    if name is None or isinstance(record, RefusedRecord):
        yield record
        return
    around = {key: value for key, value in record.fields.values.items() if key != name}
    for number, one in enumerate(record.fields.values[name], 1):
        position = f"{record.position}, {name} {number}"
        if isinstance(one, dict):
            yield FileRecord(position, Fields({**around, **one}), record.parameters)
        else:
            yield RefusedRecord(position, "no JSON object")
