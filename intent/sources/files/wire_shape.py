"""Files in the service's own wire shape: JSON lines, or a JSON array."""

from __future__ import annotations

from collections.abc import Iterator

from intent.sources.door import MAX_PAYLOAD_BYTES
from intent.sources.files.file_format import AtHand, FileFormat, FileReading, Read
from intent.sources.files.head import Head
from intent.sources.files.json_records import read_objects
from intent.sources.lines import Line
from intent.sources.records import records_in, refused_as_too_long


def _fits(head: Head) -> bool:
    return any(
        {"platform", "text"} <= record.keys() and record.keys() & {"message_id", "room_id"}
        for record in head.records
    )


def _prepare(at_hand: AtHand) -> FileReading:
    def read(chunks: Iterator[bytes | None]) -> Iterator[Read]:
        for line in records_in(chunks, MAX_PAYLOAD_BYTES + 1):
            if line is None:
                yield None
            elif line.payload.strip():
                yield _read_line(line, at_hand)

    def read_with_more(chunks: Iterator[bytes | None]) -> Iterator[Read]:
        return read_objects(
            chunks, at_hand, lambda values, position: [at_hand.enter(values, position)]
        )

    said = at_hand.told.constants or at_hand.told.hosts
    return FileReading(read_with_more if said else read, {})


def _read_line(line: Line, at_hand: AtHand) -> Read:
    position = f"{at_hand.opened.name} {line.kind} {line.number}"
    too_long = refused_as_too_long(line, position)
    return too_long or at_hand.door.payload(line.payload, position, digest=line.digest)


WIRE = FileFormat(
    name="wire",
    title="The service's own shape",
    example="intent ingest chat.jsonl",
    needs="nothing",
    notes=("`--speed` replays at the recorded pace.",),
    fits=_fits,
    prepare=_prepare,
)
