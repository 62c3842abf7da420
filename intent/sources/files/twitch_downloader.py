"""Reads chats as TwitchDownloader saves them: one JSON object, streamed, without its images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import ijson

from intent.model.errors import Malformed, WrongUse
from intent.sources.files.file_format import (
    AtHand,
    FileFormat,
    FileReading,
    Read,
    Skipped,
    given_id,
)
from intent.sources.files.head import Head
from intent.sources.files.json_records import deep, listed
from intent.sources.files.trailing_commas import without_trailing_commas
from intent.sources.ids import ComputedIds

MAPPING = {
    "message_id": "comments[]._id",
    "room_id": "comments[].channel_id",
    "creator_id": "streamer.id",
    "user_id": "comments[].commenter._id",
    "text": "comments[].message.body",
    "sent_at": "comments[].created_at",
    "author_role": "comments[].message.user_badges[]",
}
_NOTICES = frozenset(
    {
        "sub",
        "subgift",
        "submysterygift",
        "anonsubgift",
        "anonsubmysterygift",
        "giftpaidupgrade",
        "rewardgift",
        "anongiftpaidupgrade",
        "primepaidupgrade",
        "raid",
        "unraid",
        "bitsbadgetier",
        "ritual",
    }
)
"""Kinds of notices whose text the platform has written."""

_ROLES = {"broadcaster": "host", "moderator": "moderator"}

_LATE = timedelta(minutes=10)
"""A video may be registered some minutes after it began."""

_FURTHEST = timedelta(hours=14, minutes=10)
"""No zone is further from UTC."""

_QUARTER = timedelta(minutes=15)
"""All zones are whole quarters of an hour from UTC."""

_NEAR = timedelta(minutes=4)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What a file says before its comments.

    Attributes:
        creator: the channel's id.
        began: when the video began; None where it is not said.
        shift: by how much the comments' times run ahead of UTC.
    """

    creator: str | None
    began: datetime | None
    shift: timedelta = timedelta(0)


def _fits(head: Head) -> bool:
    told = {"video", "streamer", "FileInfo"} & head.members
    return "comments" in head.members and (bool(told) or b'"content_offset_seconds"' in head.text)


def _prepare(at_hand: AtHand) -> FileReading:
    streamer, video = (_member(at_hand, name) for name in ("streamer", "video"))
    creator = deep(streamer, "id")
    frame = _Frame(None if creator is None else str(creator), _instant(deep(video, "created_at")))
    first = _first_comments(at_hand)
    shift = _shift(at_hand, frame, first)
    notes = []
    if shift:
        frame = _Frame(frame.creator, frame.began, shift)
        notes.append(
            f"the comments' times are local ones: they run {_hours(shift)} ahead of the video's "
            "clock, and are set right by that"
        )

    def read(chunks: Iterator[bytes | None]) -> Iterator[Read]:
        return _Comments(at_hand, frame).read(chunks)

    return FileReading(read, MAPPING, notes)


def _member(at_hand: AtHand, name: str) -> object:
    """Return a member of the file's one object: it stands before the comments, or far behind them
    in a file whose keys were sorted.
    """
    for chunks in (iter([at_hand.head.text]), at_hand.opened.chunks() if _far(at_hand) else None):
        try:
            for value in _items(chunks, name) if chunks is not None else ():
                if value is not None:
                    return value
        except Malformed:
            continue  # the first bytes end in the middle of it
    return None


def _far(at_hand: AtHand) -> bool:
    return at_hand.opened.again and not at_hand.head.complete


def _first_comments(at_hand: AtHand) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    try:
        for comment in _items(iter([at_hand.head.text]), "comments.item"):
            found += [comment] if isinstance(comment, Mapping) else []
    except Malformed:
        pass  # the first bytes end in the middle of it
    return found


def _items(chunks: Iterator[bytes | None], prefix: str) -> Iterator[Any]:
    """Yield what stands at a place of a large JSON object, and None for a pause.

    Raises:
        Malformed: it is broken, or ends early.
    """
    found: list[Any] = ijson.sendable_list()
    reader = ijson.items_coro(found, prefix, use_float=True)
    try:
        for chunk in without_trailing_commas(chunks):
            if chunk is not None:
                reader.send(chunk)
            yield from found
            found.clear()
            if chunk is None:
                yield None
        reader.close()
        yield from found
    except ijson.JSONError as error:
        yield from found
        raise Malformed("is JSON that is broken, or that ends early") from error


def _shift(at_hand: AtHand, frame: _Frame, comments: list[Mapping[str, Any]]) -> timedelta:
    """Return by how much the times of comments run ahead of UTC.

    Raises:
        WrongUse: they do not fit the video's time, and it cannot be told why.
    """
    ahead = [
        (at - frame.began - offset).total_seconds()
        for comment in comments
        if frame.began is not None
        and (at := _instant(comment.get("created_at"))) is not None
        and (offset := _offset(comment)) is not None
    ]
    if not ahead or at_hand.told.zone is not None:
        return timedelta(0)
    off = timedelta(seconds=median(ahead))
    if abs(off) <= _LATE or off < -_FURTHEST:
        return timedelta(0)  # what lies days before the video is of a highlight
    nearest = round(off / _QUARTER) * _QUARTER
    if off > _LATE and off <= _FURTHEST and abs(off - nearest) <= _NEAR:
        return nearest  # nobody comments hours after a video on what is in it
    raise WrongUse(
        f"the comments' times lie {_hours(abs(off))} {'ahead of' if off > _LATE else 'behind'} the "
        "video's: they may be local times labelled UTC; say --timezone with the zone that they "
        "were saved in (such as America/Lima), or --timezone UTC if they are right, as in a "
        "highlight"
    )


def _hours(span: timedelta) -> str:
    return f"{span / timedelta(hours=1):.2f}".rstrip("0").rstrip(".") + " h"


def _instant(value: object) -> datetime | None:
    """Return a time of the file; None where it says none (.NET writes the year 1 for that)."""
    try:
        read = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    if read.year < 1971:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _offset(comment: Mapping[str, Any]) -> timedelta | None:
    seconds = comment.get("content_offset_seconds")
    if isinstance(seconds, int | float) and not isinstance(seconds, bool):
        return timedelta(seconds=seconds)
    return None


class _Comments:
    """Reads the comments, one after the other."""

    def __init__(self, at_hand: AtHand, frame: _Frame) -> None:
        self._at_hand, self._frame, self._ids = at_hand, frame, ComputedIds()

    def read(self, chunks: Iterator[bytes | None]) -> Iterator[Read]:
        number = 0
        for comment in _items(chunks, "comments.item"):
            if comment is None:
                yield None
                continue
            number += 1
            yield self._comment(comment, f"comment {number}")

    def _comment(self, comment: object, position: str) -> Read:
        notice = deep(comment, "message", "user_notice_params", "msg_id")
        if notice in _NOTICES:
            return Skipped("notice of the platform")
        at = self._at(comment if isinstance(comment, Mapping) else {})
        values = {
            "platform": "twitch",
            "room_id": deep(comment, "channel_id") or self._frame.creator,
            "message_id": deep(comment, "_id"),
            "creator_id": self._frame.creator,
            "user_id": deep(comment, "commenter", "_id"),
            "kind": "comment",
            "text": deep(comment, "message", "body"),
            "sent_at": at,
            "author_role": _role(comment),
        }
        name = deep(comment, "commenter", "name")
        whole = given_id(values, self._ids) if at is not None else values
        return self._at_hand.enter(whole, position, str(name or ""))

    def _at(self, comment: Mapping[str, Any]) -> datetime | None:
        at, zone = _instant(comment.get("created_at")), self._at_hand.told.zone
        if at is None:
            offset, began = _offset(comment), self._frame.began
            return None if offset is None or began is None else began + offset
        if zone is not None and not at.utcoffset():
            return at.replace(tzinfo=zone)
        return at - self._frame.shift


def _role(comment: object) -> str | None:
    badges = [deep(badge, "_id") for badge in listed(deep(comment, "message", "user_badges"))]
    return next((role for badge, role in _ROLES.items() if badge in badges), None)


TWITCH_DOWNLOADER = FileFormat(
    name="twitch-downloader",
    title="TwitchDownloader, JSON or JSON.GZ",
    example="intent ingest chat.json.gz",
    needs="nothing; `--timezone` where the comments' times do not fit the video's",
    notes=(
        "Streamed: a file of 500 MB takes no more memory than one of 5 MB; embedded images are "
        "passed over.",
        "Since April 2025 Twitch hands out local times labelled UTC. Times that run a zone's "
        "distance ahead of the video's clock are set right, and that is said; times that run "
        "behind may be of a highlight, so the zone is asked for.",
        "A comment whose author is gone is refused; deleted comments are not in the file.",
    ),
    fits=_fits,
    prepare=_prepare,
)
