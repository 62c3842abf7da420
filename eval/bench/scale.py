"""From processor seconds a message to machines: what each resource takes of a million messages, how
many messages a second a machine of it carries, and which one is the limit.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from intent.model.errors import WrongUse

CORES = 16
"""Cores of the machine that is counted in."""

USED = 0.7
"""Share of them that is kept busy: queues grow without end at all of them."""

RATES = (1_000, 10_000, 100_000)
"""Messages, questions or rows a second that the page speaks of."""

MESSAGES = "messages"
"""What the resources on the way of a message count; the others count what is made of messages."""

DATABASE = "PostgreSQL"
"""The resource that is one machine for a database; more of it are more shards."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What takes processor time: ``seconds`` for a million of what it counts, such as messages."""

    name: str
    seconds: float
    of: str = MESSAGES

    @property
    def ceiling(self) -> float:
        """How many a second one machine of it carries, at most."""
        return CORES * USED * 1e6 / self.seconds

    def cores(self, rate: float) -> float:
        """Cores that are busy at so many a second."""
        return self.seconds * rate / 1e6

    def machines(self, rate: float) -> int:
        """Machines for so many a second."""
        return math.ceil(rate / self.ceiling)


def read_resources(lines: Iterable[str]) -> list[Resource]:
    """Read what ``bench pipeline --shipped --json`` printed of one worker over PostgreSQL, what
    ``bench asking --json`` printed, and lines ``{"resource": …, "seconds": …, "of": …}`` of what
    other benches measured; they count messages where they say nothing else.

    Raises:
        WrongUse: there is no such measurement.
    """
    found: list[Resource] = []
    for line in lines:
        row = json.loads(line)
        if "resource" in row:
            found.append(Resource(row["resource"], row["seconds"], row.get("of", MESSAGES)))
        elif row["database_kind"] == "postgresql" and row["classifier"] == "shipped":
            found += [
                Resource("worker with the shipped model", row["workers_used"]),
                Resource(DATABASE, row["database"]),
            ]
    if not any(resource.name == DATABASE for resource in found):
        raise WrongUse("there is no line of one worker with the shipped model over PostgreSQL")
    return found


def limiting(resources: Sequence[Resource]) -> Resource:
    """Return the resource of which a machine carries the fewest messages."""
    ways = [resource for resource in resources if resource.of == MESSAGES]
    return min(ways, key=lambda resource: resource.ceiling)


def scale_table(resources: Sequence[Resource]) -> str:
    """Return the table of the page, in Markdown."""
    heads = [f"{rate:,}/s" for rate in RATES]
    lines = [
        "| resource | a million of | CPU s | a second, a machine | " + " | ".join(heads) + " |",
        "|---" * (4 + len(RATES)) + "|",
    ]
    for resource in resources:
        needed = [
            f"{resource.cores(rate):,.1f} cores, {resource.machines(rate):,}" for rate in RATES
        ]
        parts = [resource.of, f"{resource.seconds:,.0f}", f"{resource.ceiling:,.0f}", *needed]
        lines.append(f"| {resource.name} | " + " | ".join(parts) + " |")
    lowest = limiting(resources)
    lines.append("")
    lines.append(
        f"With one machine of each, {lowest.name} is the limit, at {lowest.ceiling:,.0f} messages "
        "a second."
    )
    return "\n".join(lines)
