"""The registry of models: what they cost and how long they live, as data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from intent.model.completion import Usage
from intent.model.datafile import read_data
from intent.model.errors import OperatorError, TemplateError

NANODOLLARS = 1000
"""One dollar for a million tokens is a thousand nanodollars for a token."""

Dollars = Annotated[float, Field(ge=0)]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Prices(_Data):
    """Dollars for a million tokens; without prices of their own, cached and cache-written input
    cost what input costs.
    """

    input: Dollars
    output: Dollars
    cached: Dollars | None = None
    cache_write: Dollars | None = None


class Limits(_Data):
    """What a provider lets through by default, a minute."""

    requests: Annotated[int, Field(gt=0)] | None = None
    tokens: Annotated[int, Field(gt=0)] | None = None


class Model(_Data):
    """One model.

    Attributes:
        cache: how its provider caches what all requests begin with: ``automatic`` for any prefix,
            ``explicit`` only up to a mark in the request.
        sunset: the day on which its provider shuts it down.
        checked: the day of these figures.
    """

    id: str
    prices: Prices
    cache: Literal["automatic", "explicit"] = "automatic"
    limits: Limits = Limits()
    sunset: date | None = None
    checked: date | None = None


class _File(_Data):
    models: tuple[Model, ...]


def cost(prices: Prices, usage: Usage) -> int:
    """Return the price of a call in nanodollars."""
    cached = prices.input if prices.cached is None else prices.cached
    written = prices.input if prices.cache_write is None else prices.cache_write
    plain = max(usage.input - usage.cached - usage.cache_write, 0)
    return round(
        NANODOLLARS
        * (
            plain * prices.input
            + usage.cached * cached
            + usage.cache_write * written
            + usage.output * prices.output
        )
    )


def load_models(path: Path) -> Mapping[str, Model]:
    """Read the registry.

    Raises:
        TemplateError: the file is wrong.
    """
    found = read_data(_File, path, remedy="it must hold models: a list of id and prices").models
    if len({model.id for model in found}) != len(found):
        raise TemplateError(f"{path} lists a model twice")
    return {model.id: model for model in found}


def choose_model(registry: Mapping[str, Model], name: str, configured: Prices | None) -> Model:
    """Return a model with its prices: those that are configured, else those of the registry.

    Raises:
        OperatorError: nobody knows what the model costs.
    """
    known = registry.get(name)
    if configured is not None:
        return (
            known.model_copy(update={"prices": configured})
            if known
            else Model(id=name, prices=configured)
        )
    if known is None:
        raise OperatorError(
            f"nobody knows what the model {name!r} costs; add it to models.yaml, or set "
            "INTENT_LLM_PRICE_INPUT and INTENT_LLM_PRICE_OUTPUT "
            "(dollars for a million tokens, 0 for one of your own)"
        )
    return known


def sunset_warning(model: Model, today: date, notice: int = 90) -> str | None:
    """Return a sentence if the model shuts down within ``notice`` days, or has."""
    if model.sunset is None or (model.sunset - today).days > notice:
        return None
    return (
        f"the model {model.id} shuts down on {model.sunset.isoformat()}; choose another with "
        "INTENT_LLM_MODEL"
    )
