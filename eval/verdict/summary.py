"""``summary.md``: a verdict that fits into a pull request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from eval.measure.registry import METRICS
from eval.verdict.asserted import asserted_parts
from eval.verdict.checks import GateReport, Verdict
from eval.verdict.compare import Comparison, Flip, MetricDifference, needed
from eval.verdict.judged import Judged
from eval.verdict.markdown import escape, table
from eval.verdict.numbers import interval, number, signed

SIGNS = {Verdict.PASSED: "✅", Verdict.FAILED: "❌", Verdict.INCONCLUSIVE: "❔"}
_SHOWN = (
    "lead_f1",
    "lead_average_precision",
    "macro_f1",
    "exact_match",
    "lead_log_loss",
    "slot_f1",
    "cost_per_1000",
    "invalid_rate",
    "usd_per_1000",
)
_MOST_FLIPS = 10


def headline(judged: Judged) -> str:
    """Return the verdict in one sentence; of a selection, that it is one."""
    said, chosen_by = _verdict(judged), judged.run.manifest.failures_of
    if chosen_by is None:
        return said
    return (
        f"A selection: only what {chosen_by} decided wrongly, where any other decider looks "
        f"better. It may not be blessed or gated. {said}"
    )


def _verdict(judged: Judged) -> str:
    if judged.gate is not None and judged.gate.verdict is Verdict.FAILED:
        failed = judged.gate.of(Verdict.FAILED)
        more = f", and {len(failed) - 3} more" if len(failed) > 3 else ""
        return f"May not ship: {'; '.join(check.name for check in failed[:3])}{more}"
    if judged.gate is not None and judged.gate.verdict is Verdict.INCONCLUSIVE:
        checks = judged.gate.of(Verdict.INCONCLUSIVE)
        most = max((check.needed or 0 for check in checks), default=0)
        beyond = sum(not check.needed for check in checks)
        settled = (
            [f"about {most:,} messages would settle the hardest"] if most and not beyond else []
        )
        settled += [f"{beyond} of them cannot be settled on this suite"] if beyond else []
        return "; ".join(
            [
                f"Cannot be told: {len(checks)} of {len(judged.gate.checks)} checks have too few "
                "messages",
                *settled,
            ]
        )
    if judged.comparison is not None:
        said = _direction(judged.comparison)
        return f"May ship{_though(judged.comparison)}: {said}" if judged.gate else said
    if judged.gate is not None:
        return "May ship: everything is within its limits"
    return "Measured; there is nothing to hold it against"


def _though(comparison: Comparison) -> str:
    """Return what became worse although no gate is set on it: a passed gate must not hide it."""
    worse = [one for one in comparison.overall if one.judgement == "worse"]
    changes = [f"{one.title} {number(one.before)} → {number(one.after)}" for one in worse]
    return f", though worse in {'; '.join(changes)}" if worse else ""


def _direction(comparison: Comparison) -> str:
    if not comparison.flips and not any(
        one.change.value for one in comparison.overall if one.metric in _SHOWN[:-2]
    ):
        return (
            f"decides all {comparison.overall[0].rows:,} messages as {comparison.before.name} does"
        )
    shown = {one.metric: one for one in comparison.overall}
    words = [
        f"{one.title} {number(one.before)} → {number(one.after)} ({one.judgement})"
        for one in (shown["lead_f1"], shown["macro_f1"])
    ]
    return f"{', '.join(words)}, against {comparison.before.name}"


def summary(judged: Judged) -> str:
    """Return the summary in Markdown."""
    run = judged.run
    manifest = run.manifest
    parts = [
        f"## Eval `{run.suite.name}`: {headline(judged)}",
        f"{len(run.predictions):,} decisions on {judged.metrics['rooms']} rooms by "
        f"**{manifest.decider.by}** "
        f"(model `{manifest.decider.model}`, prompt `{manifest.decider.prompt}`, dataset "
        f"`{manifest.dataset_hash}`).",
        _numbers(judged.metrics) if judged.comparison is None else _differences(judged.comparison),
    ]
    if judged.gate is not None:
        parts.append(_checks(judged.gate))
    parts += asserted_parts(judged)
    parts.append(_slots(judged.metrics))
    if judged.comparison is not None:
        parts += _details(judged.comparison, judged)
    drawn = "room" if run.suite.clusters == "room" else "message"
    corrected = (
        " Changes are corrected for everything that is looked at: where nothing changed, any of "
        "them is called better or worse in at most 5 of 100 comparisons."
        if judged.comparison is not None
        else ""
    )
    parts.append(
        f"Intervals hold 95 %, drawn by {drawn}.{corrected} `report.html` in the run's folder has "
        "the rest."
    )
    return "\n\n".join(parts) + "\n"


def _numbers(metrics: dict[str, Any]) -> str:
    rows = [
        (
            METRICS[name].title,
            number(metrics["overall"][name]["value"]),
            interval(metrics["overall"][name]),
        )
        for name in _SHOWN
    ]
    return table(("metric", "value", "95 % interval"), rows)


def _differences(comparison: Comparison) -> str:
    shown = [one for one in comparison.overall if one.metric in _SHOWN]
    rows = []
    for one in shown:
        change = f"{signed(one.change.value)} {interval(ends(one))}"
        rows.append(
            (
                one.title,
                number(one.before),
                number(one.after),
                change,
                one.judgement,
                number(one.detectable),
            )
        )
    return table(
        (
            "metric",
            "before",
            "now",
            "change and interval",
            "judgement",
            "smallest that would be seen",
        ),
        rows,
    )


def _slots(metrics: dict[str, Any]) -> str:
    """Return F1 of the kinds of slots that are looked for, as exact substrings; a local decision
    has no product, place or time.
    """
    languages = metrics["slots_by_language"]
    found = {kind: one for kind, one in metrics["slots"].items() if one["right"] + one["wrong"]}
    shares = ("precision", "recall", "f1")
    rows = []
    for kind, one in found.items():
        of_languages = (number(slots[kind]["f1"]) for slots in languages.values())
        rows.append(
            (
                kind,
                f"{one['right'] + one['missed']:,}",
                *(number(one[share]) for share in shares),
                *of_languages,
            )
        )
    if not rows:
        return "No slots were found."
    return table(
        (
            "slot",
            "right ones",
            "precision",
            "recall",
            "F1",
            *(f"F1 {language}" for language in languages),
        ),
        rows,
    )


def _checks(gate: GateReport) -> str:
    counted = ", ".join(f"{len(gate.of(verdict))} {verdict.value}" for verdict in Verdict)
    worth = [check for check in gate.checks if check.verdict is not Verdict.PASSED]
    lines = [
        f"- {SIGNS[check.verdict]} **{escape(check.name)}** {escape(check.why)}"
        for check in sorted(worth, key=lambda check: check.verdict)
    ]
    return "\n".join([f"### Gate: {gate.verdict.value} ({counted})", "", *lines]).rstrip()


def _details(comparison: Comparison, judged: Judged) -> Iterable[str]:
    worse = [one for one in (*comparison.labels, *comparison.slices) if one.judgement == "worse"]
    better = [one for one in (*comparison.labels, *comparison.slices) if one.judgement == "better"]
    for title, found in (("Worse for", worse), ("Better for", better)):
        if found:
            changes = (
                f"{one.where} ({one.title} {number(one.before)} → {number(one.after)})"
                for one in found[:12]
            )
            yield f"**{title}**: {'; '.join(changes)}"
    wide = next(one for one in comparison.overall if one.metric == "lead_f1")
    if wide.judgement == "no difference shown" and wide.change.value:
        more = needed(wide, abs(wide.change.value))
        yield f"Lead F1 changed by {signed(wide.change.value)}; " + (
            f"to tell that from chance would take about {more:,} messages."
            if more
            else "whether that is chance cannot be settled on this suite."
        )
    labels = [flip for flip in comparison.flips if flip.before != flip.after]
    regressions = [flip for flip in labels if flip.gain < 0]
    improved = sum(flip.gain > 0 for flip in labels)
    other = len(labels) - len(regressions) - improved
    yield f"{len(regressions)} decisions became worse, {improved} better, {other} other."
    changed = [flip.slot_gain for flip in comparison.flips if flip.slot_gain]
    if changed:
        lost = sum(gain < 0 for gain in changed)
        yield f"Slots of {lost} messages became worse, of {len(changed) - lost} better."
    regressions = [flip for flip in comparison.flips if flip.kind == "worse"]
    if regressions:
        rows = [_flip_row(flip, judged) for flip in regressions[:_MOST_FLIPS]]
        yield table(("message", "text", "right", "before", "now", "cost", "slots now"), rows)


def _flip_row(flip: Flip, judged: Judged) -> tuple[str, ...]:
    labels = (", ".join(one) or "(unusable)" for one in (flip.right, flip.before, flip.after))
    text = judged.run.items[flip.id].row.input.text[:80]
    return (flip.id, text, *labels, signed(-flip.gain), flip.slots_after)


def ends(one: MetricDifference) -> dict[str, Any]:
    """Return the ends of a difference's interval."""
    return {"low": one.change.low, "high": one.change.high}
