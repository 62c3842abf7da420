"""What people see of payloads that are no messages: the first few, and that there are more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from intent.cli.screen import one_line, say

if TYPE_CHECKING:
    from intent.model.batch import Refused

SHOWN_REFUSALS = 5


class Refusals:
    """Tells people the first few refusals; ``rest`` is said once when there are more."""

    def __init__(self, rest: str) -> None:
        self._shown, self._rest = 0, rest

    def __call__(self, refused: Refused) -> None:
        """Tell of one."""
        self._shown += 1
        if self._shown <= SHOWN_REFUSALS:
            say(f"refused {one_line(refused.position, 200)}: {one_line(refused.reason, 300)}")
        elif self._shown == SHOWN_REFUSALS + 1:
            say(self._rest)
