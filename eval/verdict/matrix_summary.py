"""Several runs in words: one sentence, a few lines for a comment, and tables for a pull request."""

from __future__ import annotations

from eval.measure.registry import METRICS
from eval.verdict.many import QUALITY, Contender, SideBySide
from eval.verdict.markdown import escape, table
from eval.verdict.numbers import number, signed


def matrix_headline(found: SideBySide) -> str:
    """Return in one sentence whose mistakes cost least, and against whom that is shown."""
    best = found.best
    shown: list[str] = []
    untold: list[str] = []
    for pair in found.pairs:
        if best.name not in {pair.one, pair.other}:
            continue
        other = pair.other if pair.one == best.name else pair.one
        cost = next(one for one in pair.changes if one.metric == "cost_per_1000")
        (shown if cost.claimed else untold).append(other)
    parts = [f"{best.name}'s mistakes cost least ({number(best.mistakes)} per 1,000)"]
    if shown:
        parts.append(f"shown against {', '.join(shown)}")
    if untold:
        parts.append(f"not told apart from {', '.join(untold)}")
    return "; ".join(parts)


def matrix_brief(found: SideBySide) -> str:
    """Return a few lines that fit into a comment."""
    kept = [one for one in found.contenders if one.on_frontier]
    frontier = ", ".join(f"{escape_name(one)} (${number(one.dollars)})" for one in kept)
    return (
        f"**{len(found.contenders)} runs side by side**: {escape(matrix_headline(found))}.\n"
        f"Nobody is both cheaper and better than: {frontier}, per 1,000 messages.\n"
    )


def escape_name(one: Contender) -> str:
    """Return a run's name as code, which no Markdown is read in."""
    return f"`{one.name.replace('`', '')}`"


def matrix_summary(found: SideBySide) -> str:
    """Return the runs and their pairs as Markdown."""
    titles = [METRICS[name].title for name in QUALITY]
    runs = [
        (
            one.name,
            *(number(one.values[name].value) for name in QUALITY),
            number(one.dollars),
            number(one.latency_p90),
            "yes" if one.on_frontier else "",
        )
        for one in found.contenders
    ]
    pairs = [
        (
            f"{pair.one} → {pair.other}",
            *(
                signed(one.change.value) + (f" {one.judgement}" if one.claimed else "")
                for one in pair.changes
            ),
        )
        for pair in found.pairs
    ]
    rows = len(found.contenders[0].run.predictions)
    head = ("run", *titles, "US dollars per 1,000", "90 % within, s", "frontier")
    return (
        "\n\n".join(
            [
                f"## {len(runs)} runs on {rows:,} messages: {escape(matrix_headline(found))}",
                table(head, runs),
                table(("pair", *titles), pairs),
                f"One correction for all {found.claims} questions (Holm): where nothing "
                "differs, any of them is called better or worse in at most 5 of 100 comparisons. "
                "On the frontier is what no other run beats in price and in mistakes.",
            ]
        )
        + "\n"
    )
