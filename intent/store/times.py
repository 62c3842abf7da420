"""Instants as integers, where arithmetic has to be exact and the same in every engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(instant: datetime) -> int:
    """Return an aware instant as whole microseconds since 1970 UTC; negative before."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def from_microseconds(value: int) -> datetime:
    """Return the aware UTC instant of whole microseconds since 1970 UTC."""
    return _EPOCH + timedelta(microseconds=value)
