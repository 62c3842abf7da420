"""What is on its way to somebody else's server now, each batch in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event, Lock, Thread
from typing import Generic, TypeVar

C = TypeVar("C")


class Flight(Generic[C]):
    """Used by several threads at once."""

    def __init__(self, name: str = "asking") -> None:
        """Begin with none; ``name`` is that of the threads."""
        self._name = name
        self._lock, self._landed = Lock(), Event()
        self._claims: dict[object, Sequence[C]] = {}

    def __len__(self) -> int:
        """Return how many batches are on their way."""
        return len(self._claims)

    def launch(self, claims: Sequence[C], ask: Callable[[Sequence[C]], None]) -> None:
        """Send a batch in a thread of its own."""
        key = object()
        with self._lock:
            self._claims[key] = claims

        def run() -> None:
            try:
                ask(claims)
            finally:
                with self._lock:
                    self._claims.pop(key, None)
                self._landed.set()

        # A daemon: leaving must not wait for a call, and the interpreter would wait for any other
        # thread.
        Thread(target=run, name=self._name, daemon=True).start()

    def wait(self, seconds: float) -> None:
        """Wait until a batch came to its end, for so many seconds at most."""
        self._landed.wait(seconds)
        self._landed.clear()

    def left(self) -> list[C]:
        """Return what is on its way."""
        with self._lock:
            return [claim for claims in self._claims.values() for claim in claims]
