"""``comment.md``: the verdict in a few lines, for the comment that a build leaves on a change."""

from __future__ import annotations

from eval.verdict.checks import Verdict
from eval.verdict.compare import MetricDifference
from eval.verdict.judged import Judged
from eval.verdict.markdown import escape
from eval.verdict.numbers import number, signed
from eval.verdict.summary import SIGNS, headline

_SAID = ("lead_f1", "macro_f1", "slot_f1", "cost_per_1000", "usd_per_1000")


def comment(judged: Judged) -> str:
    """Return at most four lines of Markdown: the verdict, the numbers, the gate, the flips."""
    sign = f"{SIGNS[judged.gate.verdict]} " if judged.gate is not None else ""
    lines = [f"{sign}**Eval `{judged.run.suite.name}`: {escape(headline(judged))}**"]
    comparison = judged.comparison
    if comparison is None:
        found = judged.metrics["overall"]
        lines.append(" · ".join(f"{name} {number(found[name]['value'])}" for name in _SAID))
    else:
        changes = {one.metric: one for one in comparison.overall}
        lines.append(" · ".join(_change(changes[name]) for name in _SAID))
    if judged.gate is not None:
        gate = judged.gate
        counted = ", ".join(f"{len(gate.of(verdict))} {verdict.value}" for verdict in Verdict)
        lines.append(f"Gate: {counted}.")
    if comparison is not None:
        kinds = [flip.kind for flip in comparison.flips]
        lines.append(
            f"{kinds.count('worse'):,} messages became worse, {kinds.count('better'):,} better, "
            f"{kinds.count('other'):,} other."
        )
    return "  \n".join(lines) + "\n"


def _change(one: MetricDifference) -> str:
    claim = f", {one.judgement}" if one.claimed else ""
    return f"{one.metric} {number(one.after)} ({signed(one.change.value)}{claim})"
