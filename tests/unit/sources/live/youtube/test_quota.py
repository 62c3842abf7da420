"""The units of a day: shared, remembered, and there again at midnight in California."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

import pytest

from intent.model.errors import OperatorError
from intent.sources.live.youtube import quota as quota_module
from intent.sources.live.youtube.quota import FILE, QuotaSpent, YouTubeQuota


class Now:
    """A clock that is set by hand."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def now() -> Now:
    return Now(datetime(2026, 11, 20, 18, tzinfo=UTC))


def test_units_are_counted_until_fewer_are_left_than_a_call_costs(tmp_path: Path, now: Now) -> None:
    quota = YouTubeQuota(tmp_path, units=12, now=now)
    quota.spend(5)
    quota.spend(5)
    with pytest.raises(QuotaSpent, match="YouTube's 12 units of 2026-11-20 are spent") as caught:
        quota.spend(5)
    assert caught.value.until == datetime(2026, 11, 21, 8, tzinfo=UTC)
    assert quota.spent == 10
    quota.spend(1)  # a look-up is cheaper


def test_a_restart_forgets_nothing_and_others_share_it(tmp_path: Path, now: Now) -> None:
    for _ in range(2):
        YouTubeQuota(tmp_path / "state", units=12, now=now).spend(5)
    with pytest.raises(QuotaSpent):
        YouTubeQuota(tmp_path / "state", units=12, now=now).spend(5)


def test_a_new_day_begins_at_midnight_in_california(tmp_path: Path, now: Now) -> None:
    quota = YouTubeQuota(tmp_path, units=5, now=now)
    quota.spend(5)
    now.at = datetime(2026, 11, 21, 7, 59, tzinfo=UTC)
    with pytest.raises(QuotaSpent):
        quota.spend(5)
    now.at += timedelta(minutes=1)
    quota.spend(5)
    now.at = datetime(2026, 7, 1, 6, tzinfo=UTC)
    with pytest.raises(QuotaSpent) as caught:
        quota.spend(6)
    assert caught.value.until == datetime(2026, 7, 1, 7, tzinfo=UTC)  # summer time


def test_a_day_that_youtube_closed_stays_closed(tmp_path: Path, now: Now) -> None:
    quota = YouTubeQuota(tmp_path, now=now)
    assert quota.close_day().until == datetime(2026, 11, 21, 8, tzinfo=UTC)
    with pytest.raises(QuotaSpent):
        YouTubeQuota(tmp_path, now=now).spend(1)


@pytest.mark.parametrize("content", [b"", b"{", b'{"day": "x"}', b"\xff"])
def test_a_spoiled_file_counts_from_nothing(tmp_path: Path, now: Now, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    quota = YouTubeQuota(tmp_path, now=now)
    quota.spend(5)
    assert quota.spent == 5


def test_a_folder_that_takes_nothing_is_told_to_the_operator(tmp_path: Path, now: Now) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(OperatorError, match="make that folder writable"):
        YouTubeQuota(tmp_path / "state", now=now).spend(5)


def test_without_a_table_of_zones_the_day_ends_an_hour_late_in_summer(
    tmp_path: Path, now: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_table(name: str) -> None:
        raise ZoneInfoNotFoundError(name)

    monkeypatch.setattr(quota_module, "ZoneInfo", no_table)
    now.at = datetime(2026, 7, 1, 6, tzinfo=UTC)
    with pytest.raises(QuotaSpent) as caught:
        YouTubeQuota(tmp_path, units=5, now=now).spend(6)
    assert caught.value.until == datetime(2026, 7, 1, 8, tzinfo=UTC)
