"""Notes how often a test injected its fault and what came of it, where ``FAULT_RECORD`` names a file
for the notes.

A test says which fault it injects, and counts its tries where they are more than one::

    @pytest.mark.fault("kill", tries=2)
    def test_killed_twice(...): ...


    @pytest.mark.fault("zombie")
    def test_stopped_at_every_step(tries): ...
        tries.add(reckon(database, sent))

What a marked test asserts by itself counts as nothing lost and nothing doubled once it has passed;
whether anything leaked is noted by those alone that look for it. What tries cost is noted, too: the
processor time of the test and of every process that it has started.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.fault_classes import BY_KEY

if TYPE_CHECKING:
    from tests.faults.oracle import Reckoning


def in_rounds(short: int, long: int) -> pytest.MarkDecorator:
    """Let a test run with few ``rounds``, and with many under ``make soak`` and ``make faults``."""
    many = [pytest.mark.soak, pytest.mark.timeout(7_200)]
    return pytest.mark.parametrize("rounds", [short, pytest.param(long, marks=many)])


BACKENDS = ("sqlite", "postgresql", "redis", "kafka")
_PASSED = pytest.StashKey[bool]()
_SPENT = pytest.StashKey[float]()


@dataclass
class Tries:
    """What a test tried of one class of faults.

    Attributes:
        tried: how often the fault was injected.
        leaked: contact details outside the vault; None where nobody looked.
        seconds: of processor time that all tries together took.
    """

    fault: str
    test: str
    backends: list[str]
    tried: int = 0
    lost: int = 0
    doubled: int = 0
    leaked: int | None = None
    seconds: float = 0.0

    def add(self, reckoning: Reckoning, tried: int = 1) -> None:
        """Count tries, and assert that they cost nothing."""
        self.tried += tried
        self.lost += reckoning.lost
        self.doubled += reckoning.doubled
        if reckoning.leaked is not None:
            self.leaked = (self.leaked or 0) + reckoning.leaked
        assert reckoning.holds, reckoning


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Iterator[None]:
    """Remember whether a test has passed."""
    report = yield
    if call.when == "call":
        item.stash[_PASSED] = report.passed
    return report  # type: ignore[return-value]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Take the processor time of a test that is noted, without that of its fixtures."""
    if "FAULT_RECORD" not in os.environ or item.get_closest_marker("fault") is None:
        return (yield)
    before = _spent()
    try:
        return (yield)
    finally:
        item.stash[_SPENT] = _spent() - before


def _spent() -> float:
    """Return the processor time of this process and of all that descend from it, in seconds; of
    those that have ended, too.
    """
    own = psutil.Process()
    spent = 0.0
    for one in (own, *own.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            spent += times.user + times.system + times.children_user + times.children_system
    return spent


@pytest.fixture(autouse=True)
def tries(request: pytest.FixtureRequest) -> Iterator[Tries | None]:
    """Count the tries of a marked test, and write them down; None for all other tests."""
    marker = request.node.get_closest_marker("fault")
    if marker is None:
        yield None
        return
    counted = Tries(BY_KEY[marker.args[0]].key, _name(request), _backends(request, marker))
    yield counted
    counted.tried = counted.tried or marker.kwargs.get("tries", 1)
    place = os.environ.get("FAULT_RECORD")
    if place and request.node.stash.get(_PASSED, False):
        counted.seconds = round(request.node.stash.get(_SPENT, 0.0), 2)
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(counted)) + "\n")


def _name(request: pytest.FixtureRequest) -> str:
    return request.node.nodeid.split("::")[0] + "::" + request.node.name


def _backends(request: pytest.FixtureRequest, marker: pytest.Mark) -> list[str]:
    if "on" in marker.kwargs:
        return [marker.kwargs["on"]]
    known = getattr(request.node, "callspec", None)
    drawn = {str(one) for one in known.params.values()} if known else set()
    found = [one for one in BACKENDS if one in drawn]
    if not drawn & {"sqlite", "postgresql"}:
        named = {"sqlite_url": "sqlite", "postgres_url": "postgresql"}
        found += [backend for name, backend in named.items() if name in request.fixturenames]
    return found
