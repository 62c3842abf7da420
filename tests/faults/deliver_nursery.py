"""Starts deliverers that tests kill: each is a process of its own, forked from this one, which has
everything imported.

Every line of stdin is a JSON list of settings, one for each deliverer that is to run at the same
time; the answer is the list of how they ended, as Python tells it of a process.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from threading import Event
from typing import Any

from intent.bootstrap.application import open_application
from intent.bootstrap.hooks import build_deliverer
from intent.bootstrap.settings import Settings
from intent.telemetry import configure_logs


def deliver(settings: dict[str, Any]) -> None:
    """Tell receivers until nothing can be told now."""
    app = open_application(Settings(**settings))
    app.database.place  # noqa: B018
    build_deliverer(app, Event()).run(drain=True)


def born(settings: dict[str, Any]) -> int:
    """Fork a deliverer, and return its number."""
    number = os.fork()
    if number:
        return number
    try:
        deliver(settings)
    except BaseException:  # noqa: BLE001  it must never go on as its parent
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main() -> None:
    """Run until stdin ends."""
    configure_logs("error")
    for line in sys.stdin:
        children = [born(settings) for settings in json.loads(line)]
        ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(json.dumps(ends), flush=True)


if __name__ == "__main__":
    main()
