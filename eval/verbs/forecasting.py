"""Says what runs would cost before they begin: ``run --estimate``, and before each that asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from eval.run.forecast import Forecast, estimate
from eval.run.request import RunRequest
from eval.verbs.asserting import questions_ahead
from intent.cli.screen import say

EstimateOnly = Annotated[
    bool,
    typer.Option("--estimate", help="say what would be asked and what it would cost, and leave"),
]
_MINUTE, _HOUR = 60, 3600


def announce(requests: Sequence[RunRequest], budget: float | None, *, asked_for: bool) -> None:
    """Print what runs would cost, and whether a budget is less than that.

    Args:
        budget: dollars for all of them together; None for no limit.
        asked_for: also say it where nothing is spent.
    """
    found = [(request, estimate(request)) for request in requests]
    for request, one in found:
        if asked_for or (one.asked and not request.offline):
            name = f" of {request.out.name}" if len(requests) > 1 else ""
            say(f"estimate{name}: {told(one)}")
            if ahead := questions_ahead(request):
                say(f"beside it {ahead:,} questions to a judge, whose price is said before them")
    dollars = sum(one.dollars for _, one in found)
    if len(found) > 1 and dollars:
        say(f"estimate of all: about ${dollars:.4f}")
    if budget is not None and budget < dollars:
        say(
            f"the budget of ${budget:.4f} is below the estimate of ${dollars:.4f}: what is asked "
            "stops when it is spent, and --resume with a higher one goes on"
        )


def told(one: Forecast) -> str:
    """Return an estimate in words."""
    if not one.kept and not one.asked:
        return f"{one.messages:,} messages, all decided locally: nothing is asked"
    parts = [f"{one.messages:,} messages", f"{one.kept:,} answered from the response store"]
    local = one.messages - one.kept - one.asked
    parts += [f"{local:,} decided locally"] if local else []
    if not one.asked:
        return f"{', '.join(parts)}: nothing is asked"
    seconds = (
        "a time that nobody knows yet" if one.seconds is None else f"about {_time(one.seconds)}"
    )
    return (
        f"{', '.join(parts)}, {one.asked:,} asked in {one.requests:,} requests; about "
        f"{one.input_tokens:,} tokens in and {one.output_tokens:,} out, ${one.dollars:.4f} at list "
        f"prices (at most ${one.dollars_most:.4f}), {seconds}"
    )


def _time(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{max(1, round(seconds))} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.1f} h"
