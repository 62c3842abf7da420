"""Payloads of platforms: whatever comes, it is read or refused, and numbers stay exact."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.model.errors import Malformed
from intent.sources.payloads import as_id, as_time, items_of, keys_of, read_json, read_object


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON"),
        (b"\xff{}", "is no UTF-8 at byte 0"),
        (b"[" * 200_000, "is no JSON"),
        (b"1" * 5000, "is no JSON"),
        (b"[1]", "is no JSON object"),
        (b'{"a":' * 64 + b"1" + b"}" * 64, "is nested more than 64 times"),
    ],
)
def test_what_is_no_object_is_refused_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_object(payload)
    assert str(refused.value) == reason


@given(st.binary(max_size=200))
def test_no_bytes_are_an_exception_of_another_kind(payload: bytes) -> None:
    with contextlib.suppress(Malformed):
        read_json(payload)


def test_long_numbers_are_ids_without_a_digit_lost() -> None:
    read = read_object(b'{"id": 72057594037927937, "yes": true, "half": 1.5}')
    assert as_id(read["id"]) == "72057594037927937"
    assert (as_id(read["yes"]), as_id(read["half"]), as_id("7")) == (True, 1.5, "7")


@pytest.mark.parametrize(
    "written", [1_795_176_000, "1795176000", 1_795_176_000_000, "1795176000000"]
)
def test_seconds_and_milliseconds_mean_the_same_instant(written: object) -> None:
    assert as_time(written) == datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "written", [None, True, "", "soon", "2026-11-20T12:00:00Z", 10**30, float("nan"), "9" * 40, []]
)
def test_what_is_no_instant_is_left_for_the_door(written: object) -> None:
    assert as_time(written) is written or as_time(written) == written


def test_what_has_another_shape_holds_nothing() -> None:
    assert (keys_of({"a": 1}), keys_of([1]), keys_of(None)) == ({"a": 1}, {}, {})
    assert (items_of([1]), items_of({"a": 1}), items_of("x")) == ([1], [], [])
