"""Numbers as people write them: no exponents, no digits that mean nothing, thousands apart."""

from __future__ import annotations

import math
from typing import Any

_LEAST = 0.001


def number(value: float | None) -> str:
    """Return a number with as many digits as mean something, or a dash where it is not known."""
    if value is None or math.isnan(value):
        return "–"
    size = abs(value)
    if size == 0:
        return "0"
    if size < _LEAST:
        # Two digits that are not zero: 0.00034.
        return f"{value:.{1 - math.floor(math.log10(size))}f}"
    return f"{value:.3f}" if size < 10 else f"{value:,.1f}" if size < 1000 else f"{value:,.0f}"


def signed(value: float) -> str:
    """Return a change with its sign."""
    if math.isnan(value):
        return "–"
    return "±0" if value == 0 else f"{'+' if value > 0 else '−'}{number(abs(value))}"


def percent(share: float | None) -> str:
    """Return a share as a percentage."""
    if share is None or math.isnan(share):
        return "–"
    return f"{100 * share:.0f} %" if share in {0.0, 1.0} else f"{100 * share:.1f} %"


def p_value(p: float) -> str:
    """Return a p-value, nothing where there is none; below a thousandth its digits mean nothing."""
    if math.isnan(p):
        return ""
    return "< 0.001" if p < _LEAST else f"{p:.3f}"


def p_words(p: float) -> str:
    """Return a p-value as it stands in a sentence."""
    shown = p_value(p)
    return f"p {shown}" if shown.startswith("<") else f"p = {shown or 'unknown'}"


def interval(found: dict[str, Any]) -> str:
    """Return an interval, or nothing where there is none."""
    low, high = found["low"], found["high"]
    return "" if low is None or math.isnan(low) else f"({number(low)} to {number(high)})"
