"""Interleaved lists say which ranking is clicked more, and a log says what another would have brought."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eval.interleaving.drafted_slates import compare_ways
from eval.interleaving.logged_policies import evaluate_policy
from eval.interleaving.preferences import read_preference, votes_of
from intent.model.errors import OperatorError

USERS, REQUESTS = 60, 1500


def slates(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    requests = np.repeat(np.arange(REQUESTS), 8)
    return random.beta(2, 3, len(requests)), requests, random.integers(0, USERS, REQUESTS)[requests]


def test_a_vote_is_clicks_of_the_second_less_the_first_and_nobodys_rooms_do_not_vote() -> None:
    clicks, teams = np.array([1.0, 1.0, 1.0, 0.0]), np.array([0, 1, -1, 1])
    assert votes_of(clicks, teams, np.array([0, 1, 1, 2])).tolist() == [-1.0, 1.0, 0.0]


def test_the_better_ranking_is_preferred_with_far_fewer_requests_than_arms_of_users_need() -> None:
    found = compare_ways(*slates(1), (0.8, 0.2), seed=1)
    vote = found.preference.second_less_first
    assert vote.value > 0
    assert vote.p < 0.01
    assert found.gain > 0
    assert found.times > 5


def test_two_rankings_that_are_as_good_are_not_told_apart() -> None:
    p_values = [
        compare_ways(*slates(seed), (0.4, 0.4), seed=seed).preference.second_less_first.p
        for seed in range(12)
    ]
    assert sum(p < 0.05 for p in p_values) <= 2


def logged(folder: Path, variants: bool = True) -> Path:
    """Write a log in which rooms a and b are shown at the first place, a three times as often."""
    random = np.random.default_rng(7)
    rooms = random.choice(["a", "b"], REQUESTS, p=[0.75, 0.25])
    clicked = random.random(REQUESTS) < np.where(rooms == "a", 0.1, 0.3)
    at = datetime(2026, 11, 1, tzinfo=UTC)
    requests = [f"q{number}" for number in range(REQUESTS)]
    shown = {
        "request_id": requests,
        "user_id": [f"u{number % USERS}" for number in range(REQUESTS)],
        "room_id": rooms.tolist(),
        "creator_id": rooms.tolist(),
        "position": [1] * REQUESTS,
        "served_at": [at] * REQUESTS,
        "propensity": np.where(rooms == "a", 0.75, 0.25).tolist(),
        "variant": ["old" if room == "a" else "new" for room in rooms] if variants else None,
        "turned": np.where(rooms == "a", 0.25, 0.75).tolist(),
    }
    columns = {name: of for name, of in shown.items() if of is not None}
    if not variants:
        columns["variant"] = pa.nulls(REQUESTS, pa.string())
    pq.write_table(pa.table(columns), folder / "impressions.parquet")
    kept = [number for number in range(REQUESTS) if clicked[number]]
    clicks = {
        "request_id": [requests[number] for number in kept],
        "room_id": [rooms[number] for number in kept],
    }
    pq.write_table(pa.table(clicks), folder / "clicks.parquet")
    return folder


def test_a_log_says_what_the_other_policy_would_have_brought(tmp_path: Path) -> None:
    found = evaluate_policy(logged(tmp_path), "turned")
    truth = 0.25 * 0.1 + 0.75 * 0.3
    for one in (found.weighted, found.normalised):
        assert one.low < truth < one.high
    assert found.logged.high < truth
    assert found.doubly_robust is None
    assert found.effective < found.impressions


def test_teams_are_read_from_the_variant_and_a_log_without_two_is_refused(tmp_path: Path) -> None:
    found = read_preference(logged(tmp_path))
    assert found.names == ("new", "old")
    assert found.requests == REQUESTS
    with pytest.raises(OperatorError, match="name the ranking that drafted"):
        read_preference(logged(tmp_path, variants=False))


def test_what_a_folder_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no column 'wished'"):
        evaluate_policy(logged(tmp_path), "wished")
    with pytest.raises(OperatorError, match="no world"):
        evaluate_policy(logged(tmp_path), "even")
