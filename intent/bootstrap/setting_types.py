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
