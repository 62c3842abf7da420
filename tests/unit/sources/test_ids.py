"""Ids: unique where a platform's are unique in a room, the same each time where there are none."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from intent.model.message import MAX_KEY_CHARACTERS
from intent.sources.ids import ComputedIds, computed_id, in_room
from tests.conftest import EPOCH

PARTS = st.text("ab:%3A25", min_size=1, max_size=6)


@given(PARTS, PARTS, PARTS, PARTS)
def test_two_messages_of_two_rooms_never_share_an_id(
    room: str, message: str, other_room: str, other: str
) -> None:
    same = (room, message) == (other_room, other)
    assert (in_room(room, message) == in_room(other_room, other)) == same


def test_an_id_that_would_be_too_long_is_a_hash_of_both() -> None:
    long = in_room("r" * 200, "m" * 200)
    assert len(long) <= MAX_KEY_CHARACTERS
    assert long != in_room("r" * 200, "m" * 199 + "n")


def test_a_computed_id_is_the_same_for_what_is_the_same() -> None:
    in_bangkok = EPOCH.astimezone(timezone(timedelta(hours=7)))
    ids = {
        computed_id("r", "u", EPOCH, "caf\u00e9"),
        computed_id("r", "u", in_bangkok, "cafe\u0301"),
        computed_id("r", "u", EPOCH.astimezone(UTC), "caf\u00e9", 0),
    }
    assert len(ids) == 1


def test_a_computed_id_tells_room_author_instant_text_and_ordinal_apart() -> None:
    ids = [
        computed_id("r", "u", EPOCH, "hi"),
        computed_id("ru", "", EPOCH, "hi"),
        computed_id("r", "v", EPOCH, "hi"),
        computed_id("r", "u", EPOCH + timedelta(microseconds=1), "hi"),
        computed_id("r", "u", EPOCH, "hi "),
        computed_id("r", "u", EPOCH, "hi", 1),
    ]
    assert len(set(ids)) == len(ids)


def test_equal_messages_get_ids_of_their_own_and_the_same_ones_the_next_time() -> None:
    first, second = ComputedIds(), ComputedIds()
    read = [first.next("r", "u", EPOCH, "hi") for _ in range(3)]
    assert len(set(read)) == 3
    assert [second.next("r", "u", EPOCH, "hi") for _ in range(3)] == read
