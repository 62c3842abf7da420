"""Rooms keep their shard, whoever asks and whenever; another shard takes its share and no more."""

from __future__ import annotations

from collections import Counter

from intent.model.shard_map import ShardMap

PINNED = [1, 3, 3, 2, 3, 3, 3, 2, 3, 1, 1, 3]
"""A room that moved by itself would be split: where it was, and where it is."""

ROOMS = [("tiktok", f"room-{number}") for number in range(4_000)]


def test_every_shard_has_its_share() -> None:
    shares = Counter(ShardMap(4).home(*room) for room in ROOMS)
    assert set(shares) == {1, 2, 3, 4}
    assert all(900 < share < 1_100 for share in shares.values())


def test_one_more_shard_takes_its_share_and_no_other_room_moves() -> None:
    before, after = ShardMap(4), ShardMap(5)
    moved = [room for room in ROOMS if before.home(*room) != after.home(*room)]
    assert {after.home(*room) for room in moved} == {5}
    assert 700 < len(moved) < 900


def test_a_room_has_the_same_shard_in_every_version() -> None:
    homes = [ShardMap(3).home("tiktok", f"room-{number}") for number in range(12)]
    assert homes == PINNED


def test_one_shard_has_all_rooms() -> None:
    assert {ShardMap(1).home(*room) for room in ROOMS} == {1}
