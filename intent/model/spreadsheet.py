"""Keeps cells of a CSV from being run by a spreadsheet (owasp.org, CSV injection)."""

from __future__ import annotations

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet takes for a formula."""


def defused(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe makes it text."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
