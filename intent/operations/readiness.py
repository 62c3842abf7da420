"""Whether a process can do its work now: reasons why not, for whoever sends work to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock

from intent.model.errors import OperatorError, StoreUnavailable
from intent.store.engine import Database
from intent.store.revision import current_revision, known_migrations

KEPT_SECONDS = 1.0

Check = Callable[[], str | None]
"""Returns why not, in one sentence that holds no address, id or text; None where all is well."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Why a process is not ready: a sentence under the name of each check that failed."""

    reasons: Mapping[str, str]

    @property
    def ready(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons


class ReadinessChecks:
    """Asks several checks, at most once a second; used by several threads at once."""

    def __init__(
        self,
        checks: Mapping[str, Check],
        *,
        stop: Event,
        kept: float = KEPT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare to ask.

        Args:
            checks: by the name under which their reason is told.
            stop: set once the process was asked to leave; that is told at once.
            kept: seconds for which an answer is given again.
            clock: monotonic time in seconds.
        """
        self._checks, self._stop, self._kept, self._clock = checks, stop, kept, clock
        self._lock, self._asked_at = Lock(), float("-inf")
        self._found: dict[str, str] = {}

    def __call__(self) -> Readiness:
        """Return whether the process is ready."""
        if self._stop.is_set():
            return Readiness({"process": "was asked to leave"})
        with self._lock:
            if self._clock() - self._asked_at >= self._kept:
                reasons = {name: check() for name, check in self._checks.items()}
                self._found = {name: reason for name, reason in reasons.items() if reason}
                self._asked_at = self._clock()
            return Readiness(self._found)


def database_check(open_database: Callable[[], Database], scripts: Path) -> Check:
    """Return what checks that the database answers and is at the newest migration.

    Args:
        open_database: returns it, or raises what is wrong with it.
        scripts: the folder of the migrations.
    """

    def check() -> str | None:
        try:
            found = current_revision(open_database())
        except StoreUnavailable:
            return "does not answer"
        except OperatorError:
            return "cannot be opened; intent status says why"
        wanted = known_migrations(scripts)[-1]
        if found == wanted:
            return None
        return f"is at migration {found or 'none'}, this version needs {wanted}"

    return check
