"""Which of two rankings is clicked more in lists that both drafted: one vote a request, intervals
over users.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from intent.model.errors import OperatorError
from intent.statistics.rooms import Estimate, Floats, Integers, mean

TEAMS = 2


@dataclass(frozen=True, slots=True)
class Preference:
    """What the votes say.

    Attributes:
        names: of the two rankings.
        second_less_first: mean vote: clicks on the second ranking's rooms less those on the
            first's, a request.
        votes: requests with a vote for either; the others were not clicked, or equally often.
        requests: all of them.
    """

    names: tuple[str, str]
    second_less_first: Estimate
    votes: int
    requests: int


def votes_of(clicks: Floats, teams: Integers, requests: Integers) -> Floats:
    """Return the vote of each request: clicks of the second ranking's rooms less the first's.

    Args:
        clicks: 1 for a clicked row.
        teams: of each row 0 or 1; -1 for rows that belong to nobody.
        requests: number of each row's request.
    """
    side = np.where(teams == 1, 1.0, np.where(teams == 0, -1.0, 0.0))
    return np.asarray(np.bincount(requests, weights=clicks * side))


def preference(votes: Floats, users: Integers, names: tuple[str, str]) -> Preference:
    """Return what votes say, with an interval over users.

    Args:
        votes, users: of each request.
    """
    return Preference(names, mean(votes, users), int((votes != 0).sum()), len(votes))


def read_preference(folder: Path) -> Preference:
    """Read impressions whose ``variant`` names the ranking that drafted the room, and clicks.

    Raises:
        OperatorError: the variants are not two.
    """
    shown = pq.read_table(folder / "impressions.parquet")
    names = sorted(name for name in pa.compute.unique(shown["variant"]).to_pylist() if name)
    if len(names) != TEAMS:
        raise OperatorError(
            f"{folder}: the variants of impressions are {names or 'none'}; interleaved lists name "
            "the ranking that drafted each room there, and there are two; or try "
            "--simulate on a world"
        )
    requests = np.unique(shown["request_id"].to_pylist(), return_inverse=True)[1]
    users = np.unique(shown["user_id"].to_pylist(), return_inverse=True)[1]
    teams = np.array([names.index(name) if name else -1 for name in shown["variant"].to_pylist()])
    votes = votes_of(clicked_rows(folder, shown), teams, requests)
    whose = np.zeros(len(votes), np.int64)
    whose[requests] = users
    return preference(votes, whose, (names[0], names[1]))


def clicked_rows(folder: Path, shown: pa.Table) -> Floats:
    """Return 1 for each impression that was clicked."""
    clicks = pq.read_table(folder / "clicks.parquet", columns=["request_id", "room_id"])
    clicked = set(zip(clicks["request_id"].to_pylist(), clicks["room_id"].to_pylist(), strict=True))
    rows = zip(shown["request_id"].to_pylist(), shown["room_id"].to_pylist(), strict=True)
    return np.array([float(row in clicked) for row in rows])
