"""What is asserted of single messages, as parts of a summary: ``must``, ``must_not``, and a judge's
answers with its agreement.
"""

from __future__ import annotations

from collections.abc import Iterable

from eval.measure.finished import judged_wrong
from eval.measure.judge_findings import JudgeFindings
from eval.verdict.judged import Judged
from eval.verdict.markdown import escape, table

_MOST_BROKEN = 30


def asserted_parts(judged: Judged) -> Iterable[str]:
    """Yield what is asserted of single messages and broken, and what a judge found; nothing where
    nothing is asserted and nobody judges.
    """
    yield from _musts(judged)
    if judged.run.judge is not None:
        yield from _judge(judged.run.judge, judged)


def _musts(judged: Judged) -> Iterable[str]:
    run = judged.run
    asserted = int(run.scored.asserted.sum())
    if not asserted:
        return
    broken = judged.broken
    yield f"### Assertions: {asserted - len(broken):,} of {asserted:,} messages keep them"
    if broken:
        rows = [
            (
                one.id,
                _family(judged, one.id),
                run.items[one.id].row.input.text[:80],
                "; ".join(what),
            )
            for one, what in broken[:_MOST_BROKEN]
        ]
        yield table(("message", "family", "text", "broken"), rows)
    if len(broken) > _MOST_BROKEN:
        yield f"{len(broken) - _MOST_BROKEN:,} more: `python -m eval errors {run.folder}`"


def _family(judged: Judged, key: str) -> str:
    return judged.run.items[key].row.metadata.family or ""


def _judge(found: JudgeFindings, judged: Judged) -> Iterable[str]:
    counted = "not counted" if found.why_not else "counted"
    yield f"### Judge: {counted}\n\n{escape(found.words)}."
    wrong = judged_wrong(judged.run)
    rows = [
        (
            one.id,
            judged.run.items[one.id].row.input.text[:80],
            ", ".join(one.labels),
            "; ".join(question for question, _ in told),
            "; ".join(why for _, why in told),
        )
        for one, told in wrong[:_MOST_BROKEN]
    ]
    if rows:
        yield table(("message", "text", "decided", "the judge says no to", "why"), rows)
    if len(wrong) > _MOST_BROKEN:
        yield f"{len(wrong) - _MOST_BROKEN:,} more stand in `report.html`."
