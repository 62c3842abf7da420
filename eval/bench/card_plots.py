"""The two plots of the local model's card: reliability per language, and precision against recall
for lead beside two baselines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve

from eval.bench.figures import JudgedDecisions
from eval.measure.reliability import calibration

# The same plot gives the same bytes: no date, no random ids.
_METADATA = {"Date": None}


def _save(figure: Figure, path: Path) -> None:
    with mpl.rc_context({"svg.hashsalt": "lead-intent"}):
        figure.savefig(path, metadata=_METADATA)


def reliability(rows: JudgedDecisions, languages: Sequence[str], path: Path) -> None:
    """Draw for each language how often lead was true against how likely it was said, with the band
    of a perfectly calibrated model.
    """
    figure = Figure(figsize=(9, 6), layout="constrained")
    panels = list(figure.subplots(2, 3, sharex=True, sharey=True).flat)
    for axes in panels[len(languages) :]:
        axes.set_visible(False)
    for axes, lang in zip(panels, languages, strict=False):
        part = rows.only(rows.langs == lang)
        bins = calibration(part.truth[:, -1], part.lead).bins
        said = [one.said for one in bins]
        axes.fill_between(
            said,
            [one.low for one in bins],
            [one.high for one in bins],
            alpha=0.25,
            label="95 % if perfectly calibrated",
        )
        axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
        axes.plot(said, [one.seen for one in bins], marker="o", markersize=4)
        axes.set_title(f"{lang} ({len(part.lead)})")
    figure.supxlabel("said: probability of lead")
    figure.supylabel("seen: share of leads")
    _save(figure, path)


def precision_recall(
    truth: NDArray[np.bool_],
    scores: Mapping[str, NDArray[np.float64]],
    point: tuple[float, float],
    path: Path,
) -> dict[str, float]:
    """Draw precision against recall for each score, and the shipped operating point; return average
    precisions.
    """
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    found = {}
    for name, score in scores.items():
        precision, recall, _ = precision_recall_curve(truth, score)
        found[name] = float(average_precision_score(truth, score))
        axes.step(recall, precision, where="post", label=f"{name} (AP {found[name]:.3f})")
    axes.plot(
        point[0], point[1], marker="o", color="black", linestyle="none", label="shipped threshold"
    )
    axes.set(xlabel="recall of leads", ylabel="precision", xlim=(0, 1.01), ylim=(0.3, 1.01))
    axes.legend(loc="lower left")
    _save(figure, path)
    return found
