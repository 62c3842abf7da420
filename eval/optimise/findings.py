"""Writes down what a search has found: the verdict, the difference, and every try."""

from __future__ import annotations

from collections.abc import Sequence

from eval.optimise.candidate import Candidate, difference_between
from eval.optimise.dev_judgement import Judgement, winner
from eval.optimise.search import Search
from eval.verdict.numbers import number, signed
from intent.classify.llm.prompt import Prompt


def verdict(found: Sequence[Judgement]) -> str:
    """Return the verdict in one sentence."""
    best = winner(found)
    if best is None:
        tried = f"{len(found)} were judged" if found else "none of them cost less while searching"
        return f"nothing helped: no prompt is shown to be better than the one there is ({tried})"
    return (
        f"prompt {best.candidate.number:03} is better: mistakes cost {number(best.after)} instead "
        f"of {number(best.before)} for 1,000 messages, the gate {best.gate.verdict.value}"
    )


def markdown(
    search: Search, found: Sequence[Judgement], prompt: Prompt, dollars: float, command: str
) -> str:
    """Return ``summary.md``."""
    best = winner(found)
    lines = [f"# {verdict(found)}", ""]
    if best is not None:
        lines += ["## Why", "", *_reasons(search, best.candidate), ""]
        diff = difference_between(search.pool[0][0], best.candidate, prompt)
        lines += ["## What changes", "", "````diff", diff.rstrip("\n"), "````", ""]
    lines += [
        "## Judged on messages that the search has not seen",
        "",
        "| prompt | before | after | change, corrected interval | gate |",
        "|---|---|---|---|---|",
        *(
            f"| {one.candidate.number:03} | {number(one.before)} | {number(one.after)} | "
            f"{signed(one.change.value)} [{signed(one.change.low)}, {signed(one.change.high)}] | "
            f"{one.gate.verdict.value} |"
            for one in found
        ),
        "",
        f"Cost of mistakes for 1,000 messages; the intervals hold for all {len(found)} together.",
        "",
        "## Every try",
        "",
        "| try | from | outcome | cost of a message, before → after | what |",
        "|---|---|---|---|---|",
        *(
            f"| {step.number:03} | {step.parent:03} | {step.outcome} | {number(step.before)} → "
            f"{'' if step.after is None else number(step.after)} | {_cell(step.why)} |"
            for step in search.steps
        ),
        "",
        f"The search ended: {search.ended}. It cost ${dollars:.4f}.",
        "",
        f"Again: `{command}`",
    ]
    return "\n".join(lines) + "\n"


def _reasons(search: Search, candidate: Candidate) -> list[str]:
    """Return what led to a candidate, the first edit first."""
    by_number = {one.number: one for one, _ in search.pool}
    reasons: list[str] = []
    at: Candidate | None = candidate
    while at is not None and at.parent is not None:
        reasons.append(f"- {at.number:03}: {_cell(at.why)}")
        at = by_number.get(at.parent)
    return reasons[::-1]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
