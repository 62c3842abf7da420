"""Kills the process at a step of what it promises, so that tests can show that nothing is lost
there.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from intent.model.errors import WrongUse

if TYPE_CHECKING:
    from intent.flow.worker import Step


def failpoint(
    setting: str | None, kill: Callable[[], None] = lambda: os.kill(os.getpid(), signal.SIGKILL)
) -> Step:
    """Return a step that kills the process the Nth time a named step is passed; without a setting
    it does nothing.

    Raises:
        WrongUse: the setting is not STEP:N.
    """
    if setting is None:
        return lambda name: None
    step, _, number = setting.partition(":")
    if not step or not number.isdigit():
        raise WrongUse("INTENT_FAILPOINT must be STEP:N, such as saved:2")
    left = {"times": int(number)}

    def passed(name: str) -> None:
        left["times"] -= name == step
        if name == step and left["times"] == 0:
            kill()

    return passed
