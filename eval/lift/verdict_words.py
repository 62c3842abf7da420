"""Says in words what a lift came to: one sentence first, then what it rests on."""

from __future__ import annotations

from collections.abc import Iterator

from eval.lift.lift_report import LiftReport
from eval.verdict.numbers import number, signed

LEAK, HELPS, HARMS, NOT_SHOWN = "leak", "helps", "harms", "not shown"
_MOST = 5


def lift_verdict(found: LiftReport) -> str:
    """Return ``leak``, ``helps``, ``harms`` or ``not shown``."""
    if found.leaking:
        return LEAK
    if found.gain.low > 0:
        return HELPS
    return HARMS if found.gain.high < 0 else NOT_SHOWN


def lift_headline(found: LiftReport) -> str:
    """Return one sentence."""
    match lift_verdict(found):
        case "leak":
            first = found.leaking[0]
            more = len(found.leaking) - 1
            others = f", and {more} more columns do" if more else ""
            return (
                f"{first.name} knows what comes after its row{others}: nothing else here can be "
                "trusted until that is mended."
            )
        case "helps":
            return (
                f"Knowing intents predicts {found.target}s better than knowing only who wrote: "
                f"AUC {signed(found.auc_gain)}, and log-loss lower than with the same columns "
                f"dealt anew ({_per_million(found)})."
            )
        case "harms":
            return (
                f"Intents make predictions of {found.target}s worse than the same columns dealt "
                f"anew ({_per_million(found)}): look for a fault before anything else."
            )
        case _:
            return (
                f"That intents predict {found.target}s better is not shown by {found.positives:,} "
                f"of them ({_per_million(found)})."
            )


def lift_lines(found: LiftReport) -> Iterator[str]:
    """Yield the lines of the summary below the headline."""
    yield (
        f"{found.rows:,} judged rows, {found.positives:,} {found.target}s, {found.users:,} users; "
        "each day is judged by what was learned before it"
    )
    scores = ", ".join(f"{score.name} {score.auc:.4f}" for score in found.scores)
    yield f"AUC: {scores}"
    messages = found.over_messages
    yield (
        f"log-loss saved over messages alone: {messages.value * 1e6:+.1f} per million rows "
        f"({messages.low * 1e6:+.1f} to {messages.high * 1e6:+.1f}, users alone)"
    )
    if found.silent_rows:
        yield (
            f"users who never write, {found.silent_rows:,} rows: {found.silent.value * 1e6:+.1f} "
            f"({found.silent.low * 1e6:+.1f} to {found.silent.high * 1e6:+.1f})"
        )
    for join in found.joins:
        yield (
            f"joined {join.name}: promised AUC {signed(join.promised)}, kept when served "
            f"{signed(join.kept)}, leaked {signed(join.leaked)}"
        )
    if not found.joins:
        yield "promised and kept: not measured, for what a server would read is not at hand"
    lead = found.lead_rows
    truth = "" if lead.over_truth is None else f", {number(lead.over_truth)} of the truth"
    told = number(lead.over_seen)
    yield f"{lead.rows:,} rows with a lead: predictions are {told} of what came{truth}"
    yield from _leak_lines(found)


def _leak_lines(found: LiftReport) -> Iterator[str]:
    if not found.leaking:
        yield f"no leak: clicks come before the rises of all {len(found.leaks)} columns"
    for one in found.leaking[:_MOST]:
        yield (
            f"leak: {one.name} rises before the clicks that could bring it "
            f"({one.after.value:+.2f} clicks after, less those before; {one.rises:,} rises)"
        )


def _per_million(found: LiftReport) -> str:
    gain = found.gain
    return (
        f"{gain.value * 1e6:+.1f} per million rows, {gain.low * 1e6:+.1f} to {gain.high * 1e6:+.1f}"
    )
