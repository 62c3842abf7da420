"""Writes the table of metrics of ``docs/operate.md`` from the instruments of the code.

``python -m tests.metrics_page`` (or ``make metrics``) brings the page up to date; a test compares
the two.
"""

from __future__ import annotations

from pathlib import Path

from intent.model.database_instruments import OF_DATABASE
from intent.model.instruments import Instrument
from intent.model.process_instruments import OF_PROCESSES

PAGE = Path(__file__).parents[1] / "docs" / "operate.md"
OPENING, CLOSING = "<!-- metrics -->\n", "<!-- end of metrics -->\n"
HEAD = "| metric | kind | told by | labels | what it says |\n|---|---|---|---|---|\n"


def page_with_metrics(page: str) -> str:
    """Return the page with all metrics between its markers."""
    before, _, rest = page.partition(OPENING)
    _, _, after = rest.partition(CLOSING)
    lines = "".join(_line(one) for one in (*OF_DATABASE, *OF_PROCESSES))
    return f"{before}{OPENING}{HEAD}{lines}{CLOSING}{after}"


def _line(one: Instrument) -> str:
    labels = "; ".join(
        f"`{name}`" + (f": {', '.join(values)}" if values else "")
        for name, values in one.labels.items()
    )
    return f"| `{one.name}` | {one.kind} | {one.teller} | {labels} | {one.about} |\n"


if __name__ == "__main__":
    PAGE.write_text(page_with_metrics(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
