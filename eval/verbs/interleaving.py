"""The verbs about what other rankings would have brought: interleave, off-policy."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.interleaving.drafted_slates import interleave_world
from eval.interleaving.logged_policies import EVEN, evaluate_policy
from eval.interleaving.preferences import read_preference
from intent.cli.screen import json_line, results

if TYPE_CHECKING:
    from intent.statistics.rooms import Estimate

AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on stdout")]
Log = Annotated[Path, typer.Argument(help="folder with impressions and clicks, such as a world")]


def interleave(
    folder: Log,
    simulate: Annotated[
        bool, typer.Option(help="in a world: two rankings of which one is better")
    ] = False,
    noise: Annotated[tuple[float, float], typer.Option(help="of each ranking; more is worse")] = (
        0.5,
        0.25,
    ),
    seed: Annotated[int, typer.Option(min=0)] = 1,
    as_json: AsJson = False,
) -> None:
    """Say which of two rankings is clicked more in lists that both drafted (team draft); the
    variant of each impression names the ranking that drafted it.

    Example: python -m eval interleave worlds/one --simulate
    """
    if not simulate:
        told = read_preference(folder)
        if as_json:
            json_line(asdict(told))
        else:
            first, second = told.names
            results().print(f"{second} beside {first}: {_vote(told.second_less_first)}")
            results().print(f"{told.votes:,} votes in {told.requests:,} requests")
        return
    found = interleave_world(folder, noise, seed)
    if as_json:
        json_line(asdict(found))
        return
    vote, clicks = found.preference.second_less_first, found.clicks
    results().print(f"interleaved: {_vote(vote)}, p = {vote.p:.2g}")
    results().print(f"each to half: {clicks.value:+.4f} clicks a request, p = {clicks.p:.2g}")
    results().print(
        f"the second ranking brings {found.gain:+.1%} clicks in truth; interleaving needs "
        f"{found.times:.0f} times fewer requests to see it ({found.preference.requests:,} here)"
    )


def off_policy(
    folder: Log,
    wanted: Annotated[
        str, typer.Option(help="column with the other policy's probability; even in a world")
    ] = EVEN,
    as_json: AsJson = False,
) -> None:
    """Say from logged propensities what another policy would have brought at the first place.

    Example: python -m eval off-policy worlds/one --wanted even
    """
    found = evaluate_policy(folder, wanted)
    if as_json:
        json_line(asdict(found))
        return
    lines = {
        "logged policy": found.logged,
        f"{wanted}, weighted (IPS)": found.weighted,
        f"{wanted}, normalised (SNIPS)": found.normalised,
        f"{wanted}, doubly robust (DR)": found.doubly_robust,
        f"{wanted}, where it was shown": found.shown_so,
    }
    for name, one in lines.items():
        if one is not None:
            results().print(f"{name:<28} {_share(one)}", markup=False)
    results().print(
        f"{found.impressions:,} impressions, worth {found.effective:,.0f} of equal weight"
    )


def _vote(one: Estimate) -> str:
    return f"mean vote {one.value:+.4f} ({one.low:+.4f} to {one.high:+.4f})"


def _share(one: Estimate) -> str:
    return f"{one.value:.4f} ({one.low:.4f} to {one.high:.4f}) clicks an impression"
