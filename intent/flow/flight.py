"""The batches that are being asked now, each in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event, Lock, Thread

from intent.model.question import Claim


class Flight:
    """Used by several threads at once."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock, self._landed = Lock(), Event()
        self._claims: dict[str, Sequence[Claim]] = {}

    def __len__(self) -> int:
        """Return how many batches are being asked."""
        return len(self._claims)

    def launch(self, claims: Sequence[Claim], ask: Callable[[Sequence[Claim]], None]) -> None:
        """Ask about a batch in a thread of its own."""
        with self._lock:
            self._claims[claims[0].token] = claims

        def run() -> None:
            try:
                ask(claims)
            finally:
                with self._lock:
                    self._claims.pop(claims[0].token, None)
                self._landed.set()

        # A daemon: leaving must not wait for a call, and the interpreter would wait for any other
        # thread.
        Thread(target=run, name="asking", daemon=True).start()

    def wait(self, seconds: float) -> None:
        """Wait until a batch came to its end, for so many seconds at most."""
        self._landed.wait(seconds)
        self._landed.clear()

    def left(self) -> list[Claim]:
        """Return the claims of the batches that are being asked."""
        with self._lock:
            return [claim for claims in self._claims.values() for claim in claims]
