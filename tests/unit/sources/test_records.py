"""Files are read as people save them: with a byte order mark, in UTF-16, as a JSON array."""

from __future__ import annotations

import codecs
import json
import os
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from intent.model.batch import Refused
from intent.model.message import Message, wire
from intent.sources.decoding import read_text
from intent.sources.elements import split_items
from intent.sources.files.file_source import FileSource
from intent.sources.records import read_records
from tests.conftest import MakeMessage

Open = Callable[[bytes], int]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Return an opener of bytes, as descriptors."""
    descriptors: list[int] = []

    def open_them(content: bytes) -> int:
        path = tmp_path / str(len(descriptors))
        path.write_bytes(content)
        descriptors.append(os.open(path, os.O_RDONLY))
        return descriptors[-1]

    yield open_them
    for descriptor in descriptors:
        os.close(descriptor)


def messages_of(descriptor: int) -> list[Message | Refused]:
    batches = FileSource(descriptor, "x", format_name="wire").read()
    return [one for batch in batches for one in (*batch.messages, *batch.refused)]


def as_lines(messages: list[Message]) -> str:
    return "\n".join(wire(message).decode() for message in messages)


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
        (b"", "utf-8"),
    ],
)
def test_every_encoding_of_a_file_keeps_its_first_line(
    mark: bytes, encoding: str, opened: Open, make_message: MakeMessage
) -> None:
    given = [make_message("berapa kak? 😀"), make_message("多少钱"), make_message("x" * 3000)]
    assert messages_of(opened(mark + as_lines(given).encode(encoding))) == given


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_a_json_array_is_read_item_by_item(
    indent: int | None, mark: bytes, opened: Open, make_message: MakeMessage
) -> None:
    given = [make_message('[1], {"a": "]"} \\ "'), make_message("second"), make_message("third")]
    array = json.dumps([json.loads(wire(message)) for message in given], indent=indent)
    assert messages_of(opened(mark + b" \n" + array.encode())) == given


def test_a_broken_item_is_refused_by_its_number_and_the_others_are_read(
    opened: Open, make_message: MakeMessage
) -> None:
    first, third = make_message(), make_message()
    content = b"[" + wire(first) + b', {"text": "no platform"}, 7, ' + wire(third) + b"]"
    read = messages_of(opened(content))
    assert [one for one in read if isinstance(one, Message)] == [first, third]
    refused = [one for one in read if isinstance(one, Refused)]
    assert [one.position for one in refused] == ["x item 2", "x item 3"]


def test_an_array_that_was_cut_keeps_what_is_whole_and_names_the_rest(
    opened: Open, make_message: MakeMessage
) -> None:
    whole = make_message()
    read = messages_of(opened(b"[" + wire(whole) + b"," + wire(make_message())[:40]))
    assert read[0] == whole
    assert isinstance(read[1], Refused)


def test_items_come_out_the_same_however_the_stream_is_cut() -> None:
    array = json.dumps([{"a": 'b"\\', "c": [1, {"d": "}"}]}, "e,]", [], 5]).encode()
    whole = [line.payload for line in split_items(iter([array]), 1000) if line]
    for size in range(1, len(array)):
        parts = (array[at : at + size] for at in range(0, len(array), size))
        assert [line.payload for line in split_items(parts, 1000) if line] == whole
    assert [json.loads(payload) for payload in whole] == json.loads(array)


def test_an_item_beyond_the_limit_is_cut_and_counted() -> None:
    (item,) = [line for line in split_items(iter([b'["' + b"x" * 500 + b'"]']), 10) if line]
    assert (len(item.payload), item.size) == (10, 502)


@pytest.mark.parametrize(
    "text",
    [
        b'"\\ud83d broken emoji"',
        b'"two \\udc00\\udc00"',
        '"raw \ud83d"'.encode("utf-8", "surrogatepass"),
    ],
)
def test_half_an_emoji_becomes_a_replacement_character_and_the_message_stays(
    text: bytes, opened: Open, make_message: MakeMessage
) -> None:
    line = wire(make_message("TEXT")).replace(b'"TEXT"', text)
    (read,) = messages_of(opened(line))
    assert isinstance(read, Message)
    assert "\ufffd" in read.text


def test_whole_emoji_in_escapes_stay_what_they_are(opened: Open, make_message: MakeMessage) -> None:
    line = wire(make_message("TEXT")).replace(b"TEXT", b"\\ud83d\\ude00 and \\ud83d")
    (read,) = messages_of(opened(line))
    assert isinstance(read, Message)
    assert read.text == "\U0001f600 and \ufffd"


def test_a_silent_beginning_is_a_pause_and_no_end() -> None:
    reading, writing = os.pipe()
    records = read_records(reading, 1000)
    assert next(records) is None
    os.write(writing, b'[{"a": 1},')
    assert next(record for record in records if record).payload == b'{"a": 1}'
    os.close(writing)
    assert [record for record in records if record] == []
    os.close(reading)


def test_labelled_files_may_begin_with_a_mark_too(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(codecs.BOM_UTF16_LE + '[{"a": "é"}]'.encode("utf-16-le"))
    assert json.loads(read_text(path)) == [{"a": "é"}]


def test_however_much_is_blank_before_the_first_message_little_of_it_is_held(
    opened: Open, make_message: MakeMessage
) -> None:
    message = make_message()
    descriptor = opened(b" " * 8_000_000 + b"\n" + wire(message))
    tracemalloc.start()
    try:
        assert messages_of(descriptor) == [message]
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
