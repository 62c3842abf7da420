"""Asks the LLM in a thread of its own while the worker decides; whatever happens to the asking,
deciding goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from intent.flow.asker import Asker
from intent.model.errors import IntentError

LEAVING = 2.0
"""Seconds that a stopping asker gets beyond the time that it gives to running calls."""


@contextmanager
def asking(
    asker: Asker, stop: Event, *, drain: bool, leave: float, ended: Callable[[IntentError], None]
) -> Iterator[Asker]:
    """Ask while the block runs.

    Args:
        stop: set from outside to leave; set by us when the block fails.
        drain: the end of the block waits until no question is open.
        leave: seconds that leaving lets running calls come to their end.
        ended: told why asking ended before it was to, after the block.
    """
    empty, errors = Event(), list[IntentError]()

    def run() -> None:
        try:
            asker.run(empty=empty)
        except IntentError as error:
            errors.append(error)

    thread = Thread(target=run, name="asker", daemon=True)
    thread.start()
    try:
        yield asker
    except BaseException:
        stop.set()
        raise
    finally:
        if drain:
            empty.set()
        while thread.is_alive() and not stop.is_set():
            thread.join(0.1)
        thread.join(leave + LEAVING)
        if errors:
            ended(errors[0])
