"""Counts what runs have decided, by the index of those beside the live one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Select,
    case,
    func,
    literal,
    literal_column,
    select,
    union_all,
)

from intent.store.decision_tables import PRODUCTION
from intent.store.schema import ask_lane, decisions, runs

OTHERS = decisions.c.run != literal_column(f"'{PRODUCTION}'")
"""Said to the database literally, so that it finds the index of runs beside the live one."""


def with_counts(name: str | None = None) -> Select[Any]:
    """Select runs with their counts, oldest first: all of them, or the one of this name."""
    of_lane = select(ask_lane.c.run, func.count().label("waiting")).group_by(ask_lane.c.run)
    wanted = select(runs)
    if name is not None:
        # Said of each table, so that each is searched by its index and none is counted whole.
        of_lane = of_lane.where(ask_lane.c.run == name)
        wanted = wanted.where(runs.c.name == name)
    lane, decided = of_lane.subquery("lane"), _decided(name).subquery("decided")
    return (
        wanted.add_columns(
            func.coalesce(lane.c.waiting, 0).label("waiting"),
            func.coalesce(decided.c.answered, 0).label("answered"),
            func.coalesce(decided.c.shown, 0).label("shown"),
        )
        .outerjoin(lane, lane.c.run == runs.c.name)
        .outerjoin(decided, decided.c.run == runs.c.name)
        .order_by(runs.c.created_timestamp, runs.c.name)
    )


def _decided(name: str | None) -> Select[Any] | CompoundSelect[Any]:
    """Count the decisions of runs: those of the live one are all that are of no other."""
    d, beside = decisions.c, func.sum(case((decisions.c.visible, 0), else_=1))
    others = (
        select(d.run, beside.label("answered"), (func.count() - beside).label("shown"))
        .where(OTHERS)
        .group_by(d.run)
    )
    if name is not None and name != PRODUCTION:
        return others.where(d.run == name)
    every = select(func.count()).select_from(decisions).scalar_subquery()
    rest = select(func.count()).select_from(decisions).where(OTHERS).scalar_subquery()
    live = select(
        literal(PRODUCTION).label("run"),
        literal(0).label("answered"),
        (every - rest).label("shown"),
    )
    return live if name == PRODUCTION else union_all(others, live)
