"""Says what an experiment caused, for the report of what conversions are linked and credited to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from intent.model.errors import WrongUse
from intent.model.experiment import Experiment, UnitKind
from intent.model.outcomes import Conversion
from intent.outcomes.exposures import read_exposures
from intent.outcomes.journeys import KnownSentence
from intent.ports.ingestion import Transaction
from intent.report.attribution_figures import CausedFigures

if TYPE_CHECKING:
    from intent.outcomes.causing import UnitOrder

NOTHING_DEALT = (
    "nothing was withheld at random, so nobody can say what was caused; plan it with: intent "
    "experiment plan"
)


def caused_figures(
    connection: Transaction,
    experiment: Experiment,
    orders: Iterable[tuple[Conversion, KnownSentence | None]],
    window: timedelta,
    as_of: datetime,
) -> CausedFigures:
    """Return what an experiment with viewers or rooms caused, until an instant.

    Args:
        orders: those that stand, each with a sentence that says whose it is.
        window: how long after a unit was dealt an order counts.

    Raises:
        WrongUse: it deals other units.
    """
    # Needs scipy, which an installation that runs no experiments does without.
    from intent.outcomes.causing import FEWEST, DealtTouch, caused_orders  # noqa: PLC0415

    if experiment.unit not in (UnitKind.VIEWER, UnitKind.ROOM):
        raise WrongUse(
            f"{experiment.name} deals units of {experiment.unit}; what an answer or a boost caused "
            "is told of viewers or rooms; for the others: intent experiment analyze"
        )
    control, treated = experiment.arms[0].name, experiment.arms[1].name
    touches = [
        DealtTouch((one.platform, one.unit_id), one.exposed_at, one.arm == treated)
        for one in read_exposures(connection, experiment)
        if one.exposed_at <= as_of and one.arm in (control, treated)
    ]
    found = caused_orders(touches, list(_placed(experiment, orders)), window, as_of)
    if found is None:
        return CausedFigures(
            experiment.name,
            f"fewer than {FEWEST} units of an arm were dealt {window.days} days or longer ago",
        )
    return CausedFigures(
        experiment.name,
        None,
        (control, treated),
        (found.withheld, found.given),
        (found.rate_withheld, found.rate_given),
        (found.difference, found.low, found.high),
        found.caused,
        found.p,
        found.maturity,
    )


def _placed(
    experiment: Experiment, orders: Iterable[tuple[Conversion, KnownSentence | None]]
) -> Iterator[UnitOrder]:
    """Yield when units ordered, for orders of which somebody knows whose they are."""
    # Needs scipy, too.
    from intent.outcomes.causing import UnitOrder  # noqa: PLC0415

    kind = "user_id" if experiment.unit is UnitKind.VIEWER else "room_id"
    for order, said in orders:
        if (unit := _unit(order, said, kind)) is not None:
            yield UnitOrder(unit, order.event_timestamp)


def _unit(order: Conversion, said: KnownSentence | None, kind: str) -> tuple[str, str] | None:
    named = getattr(order, kind)
    if order.platform is not None and named is not None:
        return order.platform, named
    return None if said is None else (said.platform, getattr(said, kind))
