"""Processes that are forked from one that has everything imported, so that a test can start and
kill hundreds; and the disk of one of them, which fails when it is told to.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

# What workers, migrations, listeners and pullers need, so that none of them imports it anew.
import intent.bootstrap.deciding
import intent.bootstrap.erasing
import intent.bootstrap.vault_masters
import intent.classify.contact_forms
import intent.classify.stored_slots
import intent.features.online.state
import intent.flow.worker
import intent.queues.inbox
import intent.queues.lane
import intent.queues.spool
import intent.sources.brokers.kafka
import intent.sources.brokers.redis
import intent.store.decisions
import intent.store.erasure
import intent.store.listened
import intent.store.migrate
import intent.store.opening
import intent.store.postgresql
import intent.store.vault_keys  # noqa: F401
from intent.bootstrap.application import Application, open_application
from intent.bootstrap.deciding import build_worker
from intent.bootstrap.failpoint import failpoint
from intent.bootstrap.listening import as_listened, build_listener, stored_positions
from intent.bootstrap.settings import Settings
from intent.bootstrap.source_file import chosen_sources
from intent.cli.stopping import stopping
from intent.telemetry import configure_logs
from tests.faults.worker_process import ObedientClassifier

_NURSERY = multiprocessing.get_context("forkserver")
_NURSERY.set_forkserver_preload(["pytest", "tests.faults.children"])
WRITES = "pwrite64,fdatasync,ftruncate,unlink"
"""The calls by which SQLite changes what is stored."""


def application(settings: Mapping[str, Any]) -> Application:
    """Return an application of these settings."""
    return open_application(Settings(**settings))


def work(
    settings: Mapping[str, Any],
    *,
    drain: bool = True,
    seconds: float = 0.0,
    stops_at: str | None = None,
) -> None:
    """Decide what waits, as a worker of its own; a batch takes ``seconds``, and where a step is
    passed for the Nth time (``STEP:N``) it stops until it is told to go on.
    """
    app = application(settings)
    names, leads = app.taxonomy.names, app.taxonomy.leads
    classifier = ObedientClassifier(names, leads, seconds, gated=False)
    with stopping() as stop:
        worker = build_worker(app, stop, lambda report: None, classifier=classifier)
        if stops_at is not None:
            worker._step = failpoint(stops_at, lambda: os.kill(os.getpid(), signal.SIGSTOP))
        worker.run(drain=drain)


def listen(settings: Mapping[str, Any]) -> None:
    """Read the sources of a file into the inbox, as a listener of its own, until told to leave."""
    app = application(settings)
    passed = {"INTENT_FAILPOINT": app.settings.failpoint} if app.settings.failpoint else {}
    with stopping() as stop:
        listened = [
            as_listened(
                one,
                environment=passed,
                stop=stop,
                state_dir=app.settings.state_dir,
                stored=stored_positions(app),
            )
            for one in chosen_sources([], app.settings.sources)
        ]
        with build_listener(app, listened, stop) as listener:
            listener.run(lambda seen: None)


def _born(log: Path, paused: bool, task: Callable[..., None], arguments: Any, named: Any) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    configure_logs("info", as_json=True)
    if paused:
        os.kill(os.getpid(), signal.SIGSTOP)
    task(*arguments, **named)


class Child:
    """A process that does one task; ``log`` is what it says."""

    def __init__(
        self,
        log: Path,
        task: Callable[..., None],
        *arguments: Any,
        paused: bool = False,
        **named: Any,
    ) -> None:
        """Start it; a paused one begins when it is told to (:meth:`go_on`)."""
        self.log = log
        given = (log, paused, task, arguments, named)
        self.process: ForkServerProcess = _NURSERY.Process(target=_born, args=given)
        self.process.start()
        if paused:
            self.wait_until_stopped()

    @property
    def number(self) -> int:
        """The number of its process."""
        assert self.process.pid is not None
        return self.process.pid

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it, if it is there."""
        if self.process.is_alive():
            os.kill(self.number, number)

    def go_on(self) -> None:
        """Let it begin or go on."""
        self.send(signal.SIGCONT)

    def ended(self, seconds: float = 120.0) -> int:
        """Wait for its end, and return its exit code: below 0 the signal that killed it."""
        self.process.join(seconds)
        assert self.process.exitcode is not None, "it did not end"
        return self.process.exitcode

    def wait_until_stopped(self) -> None:
        """Wait until it stands still."""
        until(lambda: self._stat(2) == "T" or not self.process.is_alive())
        assert self.process.is_alive(), self.said()

    def wait_for_log(self, text: str) -> None:
        """Wait until it has said something."""
        until(lambda: text in self.said() or not self.process.is_alive())
        assert text in self.said(), self.said()

    def said(self) -> str:
        """Return all that it has logged."""
        return self.log.read_text("utf-8") if self.log.exists() else ""

    def _stat(self, field: int) -> str:
        return Path(f"/proc/{self.number}/stat").read_text("ascii").split()[field]


class Disk:
    """What happens to a paused child's writes from its ``nth`` on, until it is healed; ``fault`` is
    what strace injects, such as ``signal=KILL`` or ``error=EIO``.
    """

    def __init__(self, child: Child, fault: str, nth: int, *, lasting: bool = False) -> None:
        at = f"when={nth}{'+' if lasting else ''}"
        calls = WRITES if fault.startswith("signal") else WRITES.replace(",unlink", "")
        traced = [f"trace={WRITES}", f"inject={calls}:{fault}:{at}"]
        command = ["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(child.number)]
        self._tracer = subprocess.Popen(
            [*command, *(part for one in traced for part in ("-e", one))]
        )
        status = Path(f"/proc/{child.number}/status")
        until(lambda: "TracerPid:\t0\n" not in status.read_text("ascii"))
        child.go_on()

    def heal(self) -> None:
        """Let all writes through from now on."""
        self._tracer.send_signal(signal.SIGINT)
        self._tracer.wait(30)


def may_trace() -> bool:
    """Whether there is an strace, and it may look at a process."""
    if shutil.which("strace") is None:
        return False
    command = ["strace", "-qq", "-o", "/dev/null", "true"]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def until(holds: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
