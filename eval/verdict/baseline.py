"""Baselines: the run that a candidate is held against, kept in the repository."""

from __future__ import annotations

import shutil
from pathlib import Path

from eval.measure.finished import FinishedRun, load_run
from eval.run.manifest import FILE
from eval.run.runner import PREDICTIONS
from eval.run.suite import Suite
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy

BASELINES = Path(__file__).resolve().parents[1] / "baselines"
METRICS = "metrics.json"
_KEPT = (FILE, PREDICTIONS, METRICS)


def baseline_of(suite: Suite, taxonomy: Taxonomy, folder: Path = BASELINES) -> FinishedRun | None:
    """Return the baseline of a suite, scored by the suite as it is now, or None where none was
    blessed.
    """
    home = folder / suite.name
    return load_run(home, taxonomy, suite) if (home / FILE).exists() else None


def bless(run: FinishedRun, folder: Path = BASELINES) -> Path:
    """Make a run the baseline of its suite: manifest, predictions and metrics are copied.

    Raises:
        OperatorError: only a part of the suite was run.
    """
    manifest = run.manifest
    if manifest.partial:
        raise OperatorError(
            f"{run.folder} is a run of a part of the suite; bless a run without --filter, "
            "--sample and --only-failures"
        )
    home = folder / run.suite.name
    home.mkdir(parents=True, exist_ok=True)
    for name in _KEPT:
        if (run.folder / name).resolve() != (home / name).resolve():
            shutil.copyfile(run.folder / name, home / name)
    return home
