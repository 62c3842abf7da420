"""``lift.html``: what a lift came to, verdict first, in one file that needs nothing else."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta

from eval.lift.lift_report import LiftPlan, LiftReport
from eval.lift.verdict_words import lift_headline, lift_lines, lift_verdict
from eval.report.html_templates import template
from eval.report.plots import Axes, Mark, Plot, PlotLine, nice_top, plot

_TONES = {"leak": "bad", "harms": "bad", "helps": "good", "not shown": "open"}
_SHOWN_LEAKS = 12
_HEAD_ROOM = 0.1


def lift_page(found: LiftReport, plan: LiftPlan, command: str) -> str:
    """Return the page; everything that people wrote is escaped."""
    return template("lift.html").render(
        found=found,
        verdict=lift_verdict(found),
        tone=_TONES[lift_verdict(found)],
        headline=lift_headline(found),
        lines=list(lift_lines(found)),
        plots=[_aucs(found), _by_day(found), _reliability(found)],
        columns=found.leaks[:_SHOWN_LEAKS],
        command=(f"{command} --refits {plan.refits} --shuffles {plan.shuffles} --output lift.html"),
        plan=json.dumps(dataclasses.asdict(plan), indent=1),
    )


def _aucs(found: LiftReport) -> Plot:
    """Return the AUC of each kind of columns, all refits together and each alone."""
    scores = found.scores
    low = min(value for one in scores for value in (one.auc, *one.aucs))
    high = max(value for one in scores for value in (one.auc, *one.aucs))
    room = max((high - low) * _HEAD_ROOM, 0.002)
    axes = Axes((0.0, len(scores) + 1.0), (low - room, high + 2 * room))
    marks = []
    for place, score in enumerate(scores, 1):
        x, y = axes.place(place, score.auc)
        ends = [axes.place(place, value)[1] for value in score.aucs]
        note = f"{score.name}: {score.auc:.4f} with all refits together"
        marks.append(Mark(x, y, max(ends), min(ends), note, score.name, y - 10))
    return plot("AUC, and its spread over refits", ("columns", "AUC"), axes, [], marks, whole=True)


def _by_day(found: LiftReport) -> Plot:
    """Return the log-loss that was saved on each day."""
    saved = [value * 1e6 for _, value in found.by_day]
    first = found.by_day[0][0]
    top, bottom = nice_top([*saved, 0.0]), -nice_top([*(-value for value in saved), 0.0])
    last = found.by_day[-1][0] - first + 1
    axes = Axes((0.0, last + 1.0), (bottom if min(saved) < 0 else 0.0, top))
    marks = []
    for (day, _), value in zip(found.by_day, saved, strict=True):
        date = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).date()
        marks.append(Mark(*axes.place(day - first + 1, value), None, None, f"{date}: {value:+.1f}"))
    zero = PlotLine("nothing", "ideal", axes.path([0.0, last + 1.0], [0.0, 0.0]))
    title = "Log-loss saved over shuffles, per million rows, by day"
    return plot(title, ("judged day", "saved"), axes, [zero], marks, whole=True)


def _reliability(found: LiftReport) -> Plot:
    """Return predicted and seen shares, by tenths of the predictions."""
    end = nice_top([value for pair in found.reliability for value in pair])
    axes = Axes((0.0, end), (0.0, end))
    marks = [
        Mark(*axes.place(said, seen), None, None, f"predicted {said:.5f}, came {seen:.5f}")
        for said, seen in found.reliability
    ]
    ideal = PlotLine("as predicted", "ideal", axes.path([0.0, end], [0.0, end]))
    return plot("Reliability, by tenths of the rows", ("predicted", "came"), axes, [ideal], marks)
