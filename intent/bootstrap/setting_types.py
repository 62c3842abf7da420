"""What values of settings may be: amounts with their bounds."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

Count = Annotated[int, Field(gt=0, le=100_000_000)]
Seconds = Annotated[float, Field(gt=0, le=31_536_000, allow_inf_nan=False)]
Price = Annotated[float, Field(ge=0)] | None
Budget = Annotated[
    Price, BeforeValidator(lambda value: None if str(value).strip().lower() == "none" else value)
]
MetricsPort = Annotated[
    Annotated[int, Field(ge=0, le=65_535)] | None,
    # What Kubernetes sets beside a service of the name intent-metrics is none of ours.
    BeforeValidator(lambda value: None if str(value).startswith("tcp://") else value),
]
