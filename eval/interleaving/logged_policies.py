"""Says from logged impressions what another policy would have brought at the first place: weighted
rewards, normalised ones, and with a model's help.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from eval.interleaving.preferences import clicked_rows
from intent.model.errors import OperatorError
from intent.statistics.off_policy import (
    LoggedShows,
    ModelledRewards,
    doubly_robust,
    effective_impressions,
    inverse_propensity,
    self_normalised,
)
from intent.statistics.rooms import Estimate, Floats, Integers, mean

EVEN = "even"
"""The policy that shows any live room as likely as another."""

_SMOOTHED = 20.0
"""Impressions that a creator's rate is drawn towards the mean by."""


@dataclass(frozen=True, slots=True)
class OtherPolicy:
    """Clicks an impression at the first place.

    Attributes:
        logged: of the policy that was logged.
        doubly_robust: None where nobody knows what else could have been shown.
        effective: how many impressions of equal weight the weighted ones are worth.
        shown_so: those that a part of the log showed by the wanted policy itself; None for none.
    """

    impressions: int
    logged: Estimate
    weighted: Estimate
    normalised: Estimate
    doubly_robust: Estimate | None
    effective: float
    shown_so: Estimate | None


def evaluate_policy(folder: Path, wanted: str) -> OtherPolicy:
    """Evaluate a policy on the impressions of a folder.

    Args:
        wanted: column of impressions.parquet with the probability by which the other policy shows
            the room at its place, or :data:`EVEN` in a world.

    Raises:
        OperatorError: there is no such column, or no propensity of any impression.
    """
    shown = pq.read_table(folder / "impressions.parquet")
    clicks = clicked_rows(folder, shown)
    first = (shown["position"].to_numpy() == 1) & ~np.isnan(
        shown["propensity"].to_numpy().astype(np.float64)
    )
    if not first.any():
        raise OperatorError(f"{folder}: no impression at the first place has a propensity")
    rows, rewards = shown.filter(pa.array(first)), clicks[first]
    users = np.unique(rows["user_id"].to_pylist(), return_inverse=True)[1]
    logged = rows["propensity"].to_numpy().astype(np.float64)
    model = None
    if wanted == EVEN:
        live = _live_rooms(folder, rows)
        log = LoggedShows(rewards, logged, 1 / live.sum(axis=1), users)
        model = _modelled(folder, rows, rewards, live)
    else:
        log = LoggedShows(rewards, logged, _column(rows, wanted, folder), users)
    same = np.isclose(log.wanted, logged, rtol=1e-6)
    return OtherPolicy(
        len(rewards),
        mean(rewards, users),
        inverse_propensity(log),
        self_normalised(log),
        doubly_robust(log, model) if model is not None else None,
        effective_impressions(log),
        mean(rewards[same], users[same]) if same.sum() > 1 else None,
    )


def _column(rows: pa.Table, name: str, folder: Path) -> Floats:
    if name not in rows.column_names:
        raise OperatorError(
            f"{folder}: impressions have no column {name!r}; it holds the probability by which the "
            "other policy shows the room at its place"
        )
    return np.asarray(rows[name].to_numpy(), dtype=np.float64)


def _rooms(folder: Path) -> pa.Table:
    path = folder / "truth" / "rooms.parquet"
    if not path.exists():
        raise OperatorError(f"{folder} is no world, so nobody knows which rooms were live")
    return pq.read_table(path)


def _live_rooms(folder: Path, rows: pa.Table) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Return which rooms were live at each impression, shape (impressions, rooms)."""
    rooms = _rooms(folder)
    at = rows["served_at"].to_numpy().astype("datetime64[us]")[:, None]
    begin, end = (
        rooms[name].to_numpy().astype("datetime64[us]")[None] for name in ("begins_at", "ends_at")
    )
    return np.asarray((begin <= at) & (at < end))


def _modelled(
    folder: Path,
    rows: pa.Table,
    rewards: Floats,
    live: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
) -> ModelledRewards:
    """Return what the rates of creators expect; a model need not be right here."""
    rooms = _rooms(folder)
    names = rooms["creator_id"].to_pylist() + rows["creator_id"].to_pylist()
    numbers: Integers = np.unique(names, return_inverse=True)[1]
    of_room, of_row = np.split(numbers, [rooms.num_rows])
    size, middle = int(numbers.max()) + 1, float(rewards.mean())
    won = np.bincount(of_row, weights=rewards, minlength=size) + _SMOOTHED * middle
    rates = won / (np.bincount(of_row, minlength=size) + _SMOOTHED)
    return ModelledRewards(rates[of_row], (live @ rates[of_room]) / live.sum(axis=1))
