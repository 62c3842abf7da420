"""A file is told by its structure; what fits nothing or several formats is refused with what to say."""

from __future__ import annotations

import gzip
import os

import pytest

from intent.model.errors import OperatorError, WrongUse
from intent.model.message import wire
from intent.sources.files.file_source import FileSource
from intent.sources.files.formats import FORMATS
from tests.conftest import MakeMessage
from tests.unit.sources.files.reading import json_lines, read_file, read_pipe

PYTCHAT = {"id": "a", "timestamp": 1, "message": "hi", "author": {"channelId": "UC"}}
ZIP = b"PK\x03\x04" + bytes(100)
CHAT_DOWNLOADER = {"message_id": "a", "message_type": "text_message", "message": "hi"}


def test_two_formats_that_fit_are_refused_with_the_words_that_choose() -> None:
    text = json_lines(PYTCHAT, CHAT_DOWNLOADER)
    with pytest.raises(WrongUse, match="--format chat-downloader or pytchat"):
        read_file(text, room="r")
    assert read_file(text, room="r", format_name="pytchat").texts == ["hi"]


@pytest.mark.parametrize("text", ["hello\n", '{"a": 1}\n', "[1, 2]", "\x00\x01\x02", "a,b\n"])
def test_what_fits_no_format_is_refused_with_all_their_names(text: str) -> None:
    with pytest.raises(WrongUse, match="is of no known format") as error:
        read_file(text)
    assert all(one.name in str(error.value) for one in FORMATS)


def test_a_format_that_is_none_is_refused() -> None:
    with pytest.raises(WrongUse, match="there is no format 'csv'; there are: auto, wire"):
        read_file("hello\n", format_name="csv")


@pytest.mark.parametrize("content", [b"", b" \n\n\t", b"\xef\xbb\xbf"])
def test_an_empty_file_holds_nothing_and_is_no_fault(content: bytes) -> None:
    read = read_file(content)
    assert (read.messages, read.refused, read.broken) == ([], [], None)


@pytest.mark.parametrize("name", [one.name for one in FORMATS])
def test_every_format_can_be_forced_on_anything_and_ends_in_refusals(name: str) -> None:
    for content in (
        b"",
        b"hello\nthere\n",
        b"[1, {}]",
        b'{"comments": 3}',
        b"\xff\xfe\x00",
        b"a,b\n1,2\n",
    ):
        try:
            read = read_file(
                content,
                format_name=name,
                room="r",
                timezone="UTC",
                date_order="dmy",
                constants=["platform=p"],
            )
        except WrongUse:
            continue
        assert read.messages == []


def test_a_pipe_that_pauses_is_told_by_its_first_line(make_message: MakeMessage) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"connecting to the room\n" + wire(make_message("first")) + b"\n")
    source = FileSource(reading, "-")
    batches = source.read()
    assert source.format_name == "wire"
    first = next(batch for batch in batches if batch)
    assert [message.text for message in first.messages] == ["first"]
    assert [refused.reason[:12] for refused in first.refused] == ["Invalid JSON"]
    os.write(writing, wire(make_message("second")) + b"\n")
    assert next(batch for batch in batches if batch).messages[0].text == "second"
    os.close(writing)
    assert list(batches) == []
    assert source.at_end
    os.close(reading)


def test_constants_fill_what_lines_of_our_own_shape_lack() -> None:
    line = {"message_id": "1", "user_id": "u", "kind": "chat", "text": "hi", "room_id": "r"}
    text = json_lines({**line, "sent_at": "2026-11-20T12:00:00Z", "platform": "x"})
    (message,) = read_file(text, constants=["creator_id=toko"], room="r2", hosts=["u"]).messages
    assert (message.creator_id, message.room_id, message.author_role) == ("toko", "r2", "host")
    (scoped,) = read_file(text, constants=["creator_id=toko"], room_ids=True).messages
    assert scoped.message_id == "r:1"


def test_a_broken_gzip_is_named_as_what_it_is() -> None:
    packed = gzip.compress(json_lines(*({"number": number} for number in range(500))).encode())
    read = read_pipe(packed[:200] + b"\xff" * 40 + packed[240:], format_name="wire")
    assert read.broken == "is gzip that is broken from here on; get it again"
    assert read.reasons[-1:] == ["the file is gzip that is broken from here on; get it again"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            gzip.compress(b"a chat " * 100, mtime=0)[:20],
            "file is gzip that ends early; get it again",
        ),
        (ZIP, "file is a ZIP archive; unpack it and give the file in it"),
    ],
)
def test_what_is_broken_before_it_tells_what_it_is_is_refused_with_that_reason(
    content: bytes, reason: str
) -> None:
    with pytest.raises(OperatorError, match=reason):
        read_file(content)
    assert f"file {read_file(content, format_name='wire').broken}".startswith(reason)


def test_columns_are_named_of_sheets_alone() -> None:
    with pytest.raises(WrongUse, match="--map names the columns of a sheet, and this is none"):
        read_file(json_lines({"text": "hi"}), columns=["text=Comment"])
    assert read_file("", columns=["text=Comment"]).messages == []
