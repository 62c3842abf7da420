"""The ways of a message from where it waits to its decision that the pipeline bench measures: our
listener and workers over a file, Redis or Kafka, and a task a message.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE

from eval.bench import pipeline_peer
from intent.bootstrap.brokers import build_publisher
from intent.model.message import Message, wire
from intent.ports.ingestion import Publisher


@dataclass(frozen=True, slots=True)
class PipelineCode:
    """What our own processes run.

    Attributes:
        name: what it is called in results.
        folder: another checkout; None for this one.
        classifier: ``constant``, or ``shipped`` for the local model behind its cache.
    """

    name: str = "this"
    folder: Path | None = None
    classifier: str = "constant"

    @property
    def environment(self) -> dict[str, str]:
        """Environment in which this code is found."""
        return (
            dict(os.environ)
            if self.folder is None
            else {**os.environ, "PYTHONPATH": str(self.folder)}
        )


class PipelineWay(ABC):
    """A way of messages into a database, made of processes."""

    name: str

    def __init__(
        self, database_url: str, workers: int, code: PipelineCode = PipelineCode()
    ) -> None:
        self.workers, self._folder = workers, Path(tempfile.mkdtemp(prefix="pipeline-"))
        self._code = code
        self.processes: list[subprocess.Popen[bytes]] = []
        self.deciding: list[subprocess.Popen[bytes]] = []
        """Those of the processes that decide."""
        self._environment = {
            **code.environment,
            "INTENT_DATABASE_URL": database_url,
            "INTENT_SPOOL_DIR": str(self._folder),
            "INTENT_STATE_DIR": str(self._folder / "state"),
            "INTENT_LOG_LEVEL": "error",
            # the same for all processes, also where the database is no file
            "INTENT_KEY_FILE": str(self._folder / "keys"),
        }

    @abstractmethod
    def fill(self, messages: Sequence[Message]) -> None:
        """Let so many messages wait before anything is started."""

    @abstractmethod
    def start(self, *, live: bool) -> None:
        """Start what reads and what decides; ``live`` messages are sent later."""

    @abstractmethod
    def send(self, messages: Sequence[Message]) -> None:
        """Send messages now."""

    def stop(self) -> None:
        """End all processes."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            if process.stdin is not None:
                process.stdin.close()
            process.wait(60)
        self.processes, self.deciding = [], []

    def _run(self, *arguments: str, piped: bool = False) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            env=self._environment,
            cwd=self._code.folder,
            stdin=PIPE if piped else DEVNULL,
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
        self.processes.append(process)
        return process

    def _work(self) -> None:
        for _ in range(self.workers):
            self.deciding.append(self._run("eval.bench.pipeline_worker", self._code.classifier))


class FileWay(PipelineWay):
    """A file, or a pipe where messages come live."""

    name = "replay"
    _pipe: subprocess.Popen[bytes] | None = None

    @property
    def _file(self) -> Path:
        return self._folder / "messages.jsonl"

    def fill(self, messages: Sequence[Message]) -> None:
        self._file.write_bytes(b"".join(wire(message) + b"\n" for message in messages))

    def start(self, *, live: bool) -> None:
        self._work()
        source = "-" if live else str(self._file)
        self._pipe = self._run("intent", "ingest", source, piped=live)

    def send(self, messages: Sequence[Message]) -> None:
        assert self._pipe is not None
        assert self._pipe.stdin is not None
        self._pipe.stdin.writelines(wire(message) + b"\n" for message in messages)
        self._pipe.stdin.flush()


class BrokerWay(PipelineWay):
    """A stream of Redis or a topic of Kafka."""

    def __init__(
        self, database_url: str, workers: int, name: str, address: str, code: PipelineCode
    ) -> None:
        super().__init__(database_url, workers, code)
        self.name, self._address = name, address
        self._publisher: Publisher = build_publisher(address, os.environ)

    def fill(self, messages: Sequence[Message]) -> None:
        self.send(messages)

    def start(self, *, live: bool) -> None:  # noqa: ARG002
        self._work()
        self._run("intent", "listen", self._address)

    def send(self, messages: Sequence[Message]) -> None:
        for start in range(0, len(messages), 500):
            self._publisher.publish(messages[start : start + 500])

    def stop(self) -> None:
        super().stop()
        self._publisher.close()


class TaskWay(PipelineWay):
    """One dramatiq task a message, on the same Redis."""

    def __init__(self, database_url: str, workers: int, redis_url: str, threads: int) -> None:
        super().__init__(database_url, workers)
        self._redis, self._threads = redis_url, threads
        self.name = f"a task a message, {threads} thread{'s' if threads > 1 else ''}"

    def fill(self, messages: Sequence[Message]) -> None:
        self.send(messages)

    def start(self, *, live: bool) -> None:  # noqa: ARG002
        for _ in range(self.workers):
            arguments = (self._redis, str(self._threads))
            self.deciding.append(self._run("eval.bench.pipeline_peer", *arguments))

    def send(self, messages: Sequence[Message]) -> None:
        pipeline_peer.enqueue(self._redis, [wire(message) for message in messages])
