"""The knobs of how long something is kept; they stand among those of the whole service."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

from intent.bootstrap.setting_types import Seconds


class KeepingSettings(BaseSettings):
    """What those who answer for other people's words choose."""

    lead_log_keep: Seconds = Field(
        604_800.0,
        description="seconds that the log of what changes about leads is kept; what comes back "
        "later than that reads everything anew",
    )
    retention_file: Path | None = Field(
        None,
        description="a retention.yaml by which work and serve delete what is older, once an hour; "
        "default: nothing is deleted by its age but by intent retain",
    )
