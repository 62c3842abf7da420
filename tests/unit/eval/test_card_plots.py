"""The plots of the local model's card show every language, also fewer than there are panels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from eval.bench.card_plots import reliability
from eval.bench.figures import JudgedDecisions


def test_each_kind_of_source_is_drawn_in_a_panel_of_its_own(tmp_path: Path) -> None:
    lead = np.linspace(0.05, 0.95, 40)
    truth = np.column_stack([lead > 0.5, lead > 0.5])
    langs = np.array(["seller", "shop"] * 20)
    rows = JudgedDecisions(truth, truth, lead, np.arange(40), langs, ("purchase_intent",))
    drawn = []
    for number in (1, 2):
        path = tmp_path / f"{number}.svg"
        reliability(rows, ["seller", "shop"][:number], path)
        drawn.append(path.read_text(encoding="utf-8").count("FillBetweenPolyCollection"))
    assert drawn == [1, 2]
