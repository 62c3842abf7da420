"""A signal is passed on at whatever moment it comes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from intent.cli.stopping import stopping

HELD = """
import os, signal
from intent.cli.stopping import stopping

with stopping() as stop:
    with stop._cond:  # as it is for a moment at the beginning of a wait
        os.kill(os.getpid(), signal.SIGTERM)
    assert stop.wait(60)
"""

MANY = """
import os, signal, threading
from intent.cli.stopping import stopping

with stopping() as stop:
    storm = threading.Thread(
        target=lambda: [os.kill(os.getpid(), signal.SIGTERM) for _ in range(3_000)]
    )
    storm.start()
    while storm.is_alive():
        stop.clear()
        stop.wait(0.0001)
    storm.join()
    os.kill(os.getpid(), signal.SIGTERM)
    assert stop.wait(60)
"""


@pytest.mark.parametrize("program", [HELD, MANY], ids=["while-the-event-is-held", "thousands"])
def test_a_signal_at_any_moment_ends_no_wait_for_ever(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_the_first_interrupt_is_told_and_the_second_one_interrupts() -> None:
    with stopping() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.wait(60)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_handlers_are_afterwards_what_they_were_before() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stopping():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
