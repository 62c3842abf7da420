"""``report.html``: one file that needs nothing else, in light and dark, with everything a run says
about itself.
"""

from __future__ import annotations

import json

from eval.annotation.suspects import suspects
from eval.measure.finished import judged_wrong
from eval.measure.tables import Confusion
from eval.report import browser, curves, views
from eval.report.bundled import packed
from eval.report.html_templates import template
from eval.verdict.checks import Verdict
from eval.verdict.judged import Judged
from eval.verdict.summary import headline
from intent.model.taxonomy import Taxonomy

_SUSPECTS = 40


def page(judged: Judged, taxonomy: Taxonomy) -> str:
    """Return the page; everything that people wrote is escaped."""
    comparison = judged.comparison
    before = views.before_metrics(judged, taxonomy)
    gate = judged.gate
    found = browser.browsed(judged, taxonomy)
    tone = {
        None: "plain",
        Verdict.PASSED: "good",
        Verdict.FAILED: "bad",
        Verdict.INCONCLUSIVE: "open",
    }[gate.verdict if gate else None]
    return template("page.html").render(
        run=judged.run,
        manifest=judged.run.manifest,
        manifest_json=json.dumps(
            judged.run.manifest.model_dump(mode="json"), indent=1, ensure_ascii=False
        ),
        headline=headline(judged),
        tone=tone,
        gate=gate,
        broken=judged.broken,
        judge=judged.run.judge,
        judged_wrong=judged_wrong(judged.run),
        metrics=judged.metrics,
        before=before,
        comparison=comparison,
        changes=views.changes(comparison.overall, fold=False) if comparison else None,
        label_changes=views.label_changes(comparison) if comparison else None,
        overall=views.overall(judged.metrics),
        labels=views.label_rows(judged.metrics),
        confusion=views.matrix(_confusion(judged), "right"),
        change_matrix=views.change_matrix(comparison) if comparison else None,
        plots=curves.plots(judged.metrics, before),
        reliability=curves.reliability_by_language(judged.metrics),
        slices=views.slice_rows(judged.metrics),
        slice_changes=views.harmful_slices(comparison) if comparison else None,
        browsed=packed(found),
        entries=len(found["messages"]),
        annotators=views.annotators(judged, taxonomy),
        suspects=suspects(judged.run.items, judged.run.scored, most=_SUSPECTS),
    )


def _confusion(judged: Judged) -> Confusion:
    found = judged.metrics["confusion"]
    return Confusion(
        tuple(found["rows"]), tuple(found["columns"]), tuple(tuple(row) for row in found["counts"])
    )
