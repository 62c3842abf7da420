"""Compares arms of viewers by tea-tasting, with what viewers did before as covariate; the one home
of that package, which needs seconds to be imported.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import tea_tasting

from intent.model.errors import WrongUse
from intent.statistics.clusters import student
from intent.statistics.ratios import ArmRatios, ArmUnits, compare_viewers


def compare_by_scorecard(units: ArmUnits) -> ArmRatios:
    """Compare the arms of one experiment by the delta method and Welch's t, with CUPED where the
    earlier rate is known of somebody.

    Raises:
        WrongUse: an arm has fewer than two viewers.
    """
    if min(float(units.treated.sum()), float((1 - units.treated).sum())) < 2:
        raise WrongUse("an arm has fewer than two viewers")
    columns = {
        "arm": units.treated.astype(np.int64),
        "above": units.numerators,
        "below": units.denominators,
    }
    covariate = None
    if units.covariate is not None:
        known = ~np.isnan(units.covariate)
        middle = float(units.covariate[known].mean())
        columns["earlier"] = np.where(known, units.covariate, middle)
        covariate = "earlier"
    if not all(units.numerators[units.treated == side].any() for side in (0, 1)):
        return compare_viewers(units)
    metric = tea_tasting.RatioOfMeans("above", "below", numer_covariate=covariate)
    found = tea_tasting.Experiment({"rate": metric}, variant="arm").analyze(pa.table(columns))
    return _ratios(found["rate"]._asdict(), len(units.treated) - 2)


def _ratios(found: dict[str, float], freedom: int) -> ArmRatios:
    reach = float(student(0.95, freedom))
    upper = found["effect_size_ci_upper"] - found["effect_size"]
    wide = np.log1p(found["rel_effect_size_ci_upper"]) - np.log1p(found["rel_effect_size"])
    return ArmRatios(
        control=np.asarray(found["control"]),
        treated=np.asarray(found["treatment"]),
        error=np.asarray(upper / reach),
        log_error=np.asarray(wide / reach),
        freedom=np.asarray(float(freedom)),
    )
