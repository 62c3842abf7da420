"""Writes ``clustered_oracle.json``: what pyfixest says of some rooms, so that the suite needs none of
it. To make it anew: ``pip install pyfixest==0.60.0`` into a throw-away environment, and
``python tests/data/clustered_oracle.py``.

Its small-sample factors are taken out (``ssc``): they are a matter of taste, the sandwich is not.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyfixest

ROOMS = 20


def main() -> None:
    """Draw rooms, fit viewers in rooms, and write both."""
    random = np.random.default_rng(15)
    viewers = np.maximum(random.lognormal(np.log(60), 1.2, ROOMS).astype(int), 2)
    orders = random.binomial(viewers, 0.1)
    treated = np.tile([0, 1], ROOMS // 2)
    earlier = np.round(random.uniform(0.02, 0.2, ROOMS), 3)
    frame = pd.DataFrame(
        {
            "room": np.repeat(np.arange(ROOMS), viewers),
            "treated": np.repeat(treated, viewers),
            "earlier": np.repeat(earlier, viewers),
            "ordered": np.concatenate(
                [
                    [1] * some + [0] * (all_ - some)
                    for some, all_ in zip(orders, viewers, strict=True)
                ]
            ),
        }
    )
    plain = pyfixest.ssc(k_adj=False, G_adj=False)
    errors = {}
    for formula in ("ordered ~ treated", "ordered ~ treated + earlier"):
        for kind in ("CRV1", "CRV3"):
            fit = pyfixest.feols(formula, frame, vcov={kind: "room"}, ssc=plain)
            errors[f"{formula}, {kind}"] = [
                float(fit.coef()["treated"]),
                float(fit.se()["treated"]),
            ]
    made = {
        "pyfixest": pyfixest.__version__,
        "viewers": viewers.tolist(),
        "orders": orders.tolist(),
        "treated": treated.tolist(),
        "earlier": earlier.tolist(),
        "coefficient and error": errors,
    }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
