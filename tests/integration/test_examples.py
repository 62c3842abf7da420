"""The worked examples run, and show what they promise."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning:sklearn.*", "ignore::UserWarning:lightgbm.*")
def test_a_ranker_trained_on_a_built_file_reads_the_same_features_online(
    capsys: pytest.CaptureFixture[str],
) -> None:
    runpy.run_path(str(EXAMPLES / "rank_with_lightgbm.py"), run_name="__main__")
    said = capsys.readouterr().out
    assert "trained on 3,000 rows × 40 features" in said
    assert "240 of 240 values equal those of training" in said
