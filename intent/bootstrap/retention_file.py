"""Reads retention.yaml: how many days what is kept."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from intent.model.datafile import read_data
from intent.model.retention_policy import RetentionPolicy

RETENTION_FILE = Path("retention.yaml")
"""Where the command line looks when nothing else is said."""

Days = Annotated[int, Field(ge=1, le=36_500)] | None


class _Retention(BaseModel):
    """``retention.yaml``: days by kind; what is not named is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    messages: Days = None
    dead_letters: Days = None
    replies: Days = None
    attempts: Days = None
    pushes: Days = None
    accesses: Days = None
    impressions: Days = None
    clicks: Days = None
    conversions: Days = None
    exposures: Days = None


def read_retention(file: Path) -> RetentionPolicy:
    """Return the policy that a file holds.

    Raises:
        TemplateError: it is missing, or holds something else than days by kind.
        WrongUse: messages would go before features have forgotten them.
    """
    remedy = "write days by kind, such as messages: 90"
    return RetentionPolicy(**read_data(_Retention, file, remedy=remedy).model_dump())


def with_days(policy: RetentionPolicy, **days: int | None) -> RetentionPolicy:
    """Return a policy in which what is said goes before what it has."""
    said = {name: value for name, value in days.items() if value is not None}
    return RetentionPolicy(**{**asdict(policy), **said})
