"""TwitchDownloader: one large object, times that may be local, authors that may be gone."""

from __future__ import annotations

import gzip
import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from intent.model.errors import WrongUse
from intent.sources.files.trailing_commas import without_trailing_commas
from tests.unit.sources.files.reading import read_file, read_pipe

BEGAN = "2026-11-20T12:00:00Z"


def comment(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "_id": f"6b1d0c7e-0000-4000-8000-{number:012}",
        "created_at": f"2026-11-20T12:00:{number:02}.123Z",
        "channel_id": "5501",
        "content_offset_seconds": number,
        "commenter": {"display_name": "Budi", "_id": "7702", "name": "budi"},
        "message": {"body": f"berapa harganya kak {number}?", "user_badges": []},
        **changes,
    }


def chat(*comments: object, **members: object) -> str:
    whole = {
        "FileInfo": {"Version": {"Major": 1, "Minor": 4, "Patch": 0}},
        "streamer": {"name": "Toko Mawar", "login": "toko_mawar", "id": 5501},
        "video": {"title": "Live", "id": "900", "created_at": BEGAN},
        "comments": comments,
        "embeddedData": {"firstParty": [{"id": "1", "data": "iVBO" * 1000, "comments": [1]}]},
        **members,
    }
    return json.dumps(whole)


def test_a_comment_becomes_a_message_under_the_platforms_own_ids() -> None:
    read = read_file(chat(comment()))
    (message,) = read.messages
    assert read.format == "twitch-downloader"
    assert (message.platform, message.room_id, message.creator_id) == ("twitch", "5501", "5501")
    assert message.message_id == "6b1d0c7e-0000-4000-8000-000000000001"
    assert (message.user_id, message.text) == ("7702", "berapa harganya kak 1?")
    assert message.sent_at.isoformat() == "2026-11-20T12:00:01.123000+00:00"


def test_badges_say_who_is_the_host_and_who_moderates() -> None:
    badges = [[{"_id": "broadcaster"}], [{"_id": "subscriber"}, {"_id": "moderator"}], None]
    comments = [
        comment(number, message={"body": "hi", "user_badges": badge})
        for number, badge in enumerate(badges)
    ]
    roles = [message.author_role for message in read_file(chat(*comments)).messages]
    assert roles == ["host", "moderator", "viewer"]


def test_gzip_utf_16_and_a_pipe_are_read_as_what_is_in_them() -> None:
    text = chat(comment(1), comment(2))
    packed = gzip.compress(text[:200].encode()) + gzip.compress(text[200:].encode())
    for content in (packed, text.encode("utf-16"), b"\xef\xbb\xbf" + text.encode()):
        assert len(read_file(content).messages) == 2
    assert len(read_pipe(packed).messages) == 2


def test_trailing_commas_do_no_harm_and_commas_in_texts_stay() -> None:
    text = chat(comment(message={"body": 'two,] please ,} \\" ok'}))
    read = read_file(text.replace("}]", "},\n ]").replace('"}}', '",},}'))
    assert read.texts == ['two,] please ,} \\" ok']
    assert read.broken is None


def test_commas_come_out_the_same_however_the_stream_is_cut() -> None:
    text = b'{"a": [1, 2 , ], "b": "x,]\\\\\\",}" , "c": {"d": [ , ],\n\t},}'
    whole = b"".join(part or b"" for part in without_trailing_commas(iter([text])))
    assert whole == b'{"a": [1, 2  ], "b": "x,]\\\\\\",}" , "c": {"d": [  ]\n\t}}'
    for size in range(1, 12):
        parts = iter([text[at : at + size] for at in range(0, len(text), size)])
        assert b"".join(part or b"" for part in without_trailing_commas(parts)) == whole


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"commenter": None}, "user_id: the author is missing"),
        ({"message": None}, "text: Input should be a valid string"),
        ({"created_at": None, "content_offset_seconds": None}, "sent_at: "),
        ({"_id": 2**60}, "message_id: is a number of 2^53 or more"),
        ({"message": {"body": "x" * 9000}}, "text: is 9000 bytes long"),
    ],
)
def test_what_is_wrong_with_one_comment_is_no_matter_to_the_others(
    changes: dict[str, Any], reason: str
) -> None:
    read = read_file(chat(comment(1), comment(2, **changes), "no comment", comment(3)))
    assert read.texts == ["berapa harganya kak 1?", "berapa harganya kak 3?"]
    assert len(read.refused) == 2
    assert read.reasons[0].startswith(reason)
    assert read.refused[0].position == "file comment 2"


def test_notices_that_the_platform_wrote_are_passed_over() -> None:
    notice = {"body": "budi subscribed at Tier 1.", "user_notice_params": {"msg_id": "sub"}}
    shout = {"body": "tag aku kak", "user_notice_params": {"msg_id": "highlighted-message"}}
    read = read_file(chat(comment(1, message=notice), comment(2, message=shout)))
    assert (read.texts, read.skipped) == (["tag aku kak"], {"notice of the platform": 1})


def test_a_comment_without_an_id_gets_one_that_is_the_same_each_time() -> None:
    text = chat(comment(1, _id=None), comment(1, _id=None))
    first, second = ([one.message_id for one in read_file(text).messages] for _ in range(2))
    assert len(set(first)) == 2
    assert first == second


@pytest.mark.parametrize("created", [None, "0001-01-01T00:00:00"])
def test_a_comment_without_a_time_has_that_of_its_place_in_the_video(created: object) -> None:
    assert read_file(chat(comment(7, created_at=created))).times == ["2026-11-20T12:00:07Z"]


def test_a_video_that_was_registered_some_minutes_late_shifts_nothing() -> None:
    late = {"id": "900", "created_at": "2026-11-20T12:04:00Z"}
    read = read_file(chat(comment(1), video=late))
    assert (read.times, read.preview.notes) == (["2026-11-20T12:00:01Z"], [])


@pytest.mark.parametrize(
    ("labelled", "ahead"), [("2026-11-20T19:00:01Z", "7 h"), ("2026-11-20T17:45:01Z", "5.75 h")]
)
def test_local_times_that_run_ahead_are_set_right_and_that_is_said(
    labelled: str, ahead: str
) -> None:
    read = read_file(chat(comment(1, created_at=labelled)))
    assert read.times == ["2026-11-20T12:00:01Z"]
    assert f"they run {ahead} ahead of the video's clock" in read.preview.notes[0]


def test_times_that_run_behind_may_be_right_or_local_so_the_zone_is_asked_for() -> None:
    text = chat(comment(1, created_at="2026-11-20T07:00:01Z"))
    with pytest.raises(WrongUse, match=r"5 h behind the video's.*--timezone"):
        read_file(text)
    assert read_file(text, timezone="America/Lima").times == ["2026-11-20T12:00:01Z"]
    assert read_file(text, timezone="UTC").times == ["2026-11-20T07:00:01Z"]


def test_a_highlight_that_was_cut_days_later_keeps_its_times() -> None:
    later = {"id": "901", "created_at": "2026-11-23T09:00:00Z"}
    assert read_file(chat(comment(1), video=later)).times == ["2026-11-20T12:00:01Z"]


def test_members_are_found_wherever_they_stand() -> None:
    whole = json.loads(chat(*(comment(number % 50) for number in range(3000))))
    members = ("embeddedData", "comments", "video", "streamer", "FileInfo")
    read = read_file(json.dumps({name: whole[name] for name in members}))
    assert len(read.messages) == 3000
    assert read.messages[0].creator_id == "5501"


def test_a_file_that_was_cut_keeps_what_is_whole_and_says_so() -> None:
    text = chat(comment(1), comment(2))
    read = read_file(text[: text.index("kak 2")])
    assert read.texts == ["berapa harganya kak 1?"]
    assert read.broken == "is JSON that is broken, or that ends early"
    assert read.reasons == ["the file is JSON that is broken, or that ends early"]
    packed = gzip.compress(chat(*(comment(number) for number in range(60))).encode())
    cut = read_file(packed[:-100])
    assert cut.broken == "is gzip that ends early; get it again"


def generated(path: Path, megabytes: int) -> int:
    """Write a chat of so many megabytes, a fifth of it images; return how many comments it has."""
    count, images = 0, "iVBORw0KGgo" * 30_000
    head, tail = chat().split('"comments": []')
    with path.open("w", encoding="utf-8") as file:
        file.write(head + '"comments": [')
        while file.tell() < megabytes * 800_000:
            one = comment(count % 60, _id=f"c-{count}", message={"body": f"mau {count} kak"})
            file.write(("," if count else "") + json.dumps(one))
            count += 1
        file.write('], "images": [')
        while file.tell() < megabytes * 1_000_000:
            file.write(f'"{images}",')
        file.write(f'"" ]{tail}')
    return count


def peak_of_reading(path: Path) -> tuple[int, int]:
    """Return how many messages a process of its own reads, and its most memory in bytes."""
    program = (
        "import os, resource, sys\n"
        "from intent.sources.files.file_source import FileSource\n"
        "source = FileSource(os.open(sys.argv[1], os.O_RDONLY), 'x')\n"
        "print(sum(len(batch.messages) for batch in source.read()))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    count, peak = map(int, done.stdout.split())
    return count, peak * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.slow
def test_a_file_ten_times_as_long_takes_no_more_memory(tmp_path: Path) -> None:
    peaks = []
    for megabytes in (1, 10):
        count = generated(tmp_path / "chat.json", megabytes)
        read, peak = peak_of_reading(tmp_path / "chat.json")
        assert read == count
        peaks.append(peak)
    assert peaks[1] < peaks[0] + 8 * 2**20


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_half_a_gigabyte_is_stored_in_less_than_200_megabytes_of_memory(tmp_path: Path) -> None:
    count = generated(tmp_path / "chat.json", 500)
    url = f"sqlite:///{tmp_path}/intent.db"
    command = [sys.executable, "-m", "intent", "ingest", str(tmp_path / "chat.json"), "--json"]
    done = subprocess.run(
        command, env={"INTENT_DATABASE_URL": url}, capture_output=True, text=True, check=True
    )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    assert json.loads(done.stdout)["accepted"] == count
    assert peak < 200_000_000, f"{peak:,} bytes"
