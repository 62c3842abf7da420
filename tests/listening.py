"""Runs ``intent listen`` as a process that a test kills and starts again.

With the fixture ``start_listening`` a source's own kill test is a few lines, for example against a
local server that a test has started at ``server.url``::

    def test_nothing_is_lost_or_doubled_over_kills(start_listening, sqlite_url):
        sources = {"room": {"source": "twitch:#toko", "url": server.url}}
        for seen in (10, 20, 30):
            process = start_listening(sqlite_url, sources, SHOP_TOKEN="secret")
            process.wait_until(lambda: len(process.stored_ids()) >= seen)
            process.kill()  # SIGKILL
        process = start_listening(sqlite_url, sources, SHOP_TOKEN="secret")
        process.wait_until(lambda: len(process.stored_ids()) == server.sent)
        assert process.leave() == 0  # SIGTERM
        assert sorted(process.stored_ids()) == sorted(set(server.ids))

Keyword arguments are variables of the process's environment. All processes of a test share one
folder for spool and state, as those of one service do.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy
import yaml

from intent.model.batch import Gap, Position
from intent.model.errors import IntentError
from intent.store.engine import Database
from intent.store.positions import SqlPositions

ROOT = Path(__file__).parents[1]

Sources = Mapping[str, str | Mapping[str, Any]]


class ListenProcess:
    """One ``intent listen``.

    Attributes:
        process: it; its log, and what it prints, stand in files of ``folder``.
        database: where it puts what it reads.
    """

    def __init__(
        self, url: str, folder: Path, sources: Sources, *arguments: str, **environment: str
    ) -> None:
        self.folder = folder
        self.database = Database(url)
        file = folder / "sources.yaml"
        named = {name: one if isinstance(one, str) else dict(one) for name, one in sources.items()}
        file.write_text(yaml.safe_dump(named), encoding="utf-8")
        self.log_file, self.output = folder / "listen.log", folder / "listen.out"
        with self.log_file.open("ab") as log, self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "intent", "listen", "--file", str(file), *arguments],
                env={
                    **os.environ,
                    "INTENT_DATABASE_URL": url,
                    "INTENT_SPOOL_DIR": str(folder),
                    "INTENT_STATE_DIR": str(folder / "state"),
                    "PYTHONPATH": str(ROOT),
                    **environment,
                },
                cwd=folder,
                stdout=output,
                stderr=log,
            )

    @property
    def log(self) -> str:
        """What this process and earlier ones of the folder have logged."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def wait_until(self, holds: Callable[[], bool], *, seconds: float = 60.0) -> None:
        """Wait until something holds; a process that ends before is a failure."""
        by = time.monotonic() + seconds
        while not holds():
            assert self.process.poll() is None, self.log
            assert time.monotonic() < by, self.log
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill it at once (SIGKILL)."""
        self.process.kill()
        self.process.wait()

    def leave(self, *, seconds: float = 30.0) -> int:
        """Ask it to leave (SIGTERM), and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def stored_ids(self) -> list[str]:
        """Return the ids of all messages in the database, in any order."""
        return [str(row[0]) for row in self._read("SELECT message_id FROM messages")]

    def has_stored(self, message_id: str) -> bool:
        """Whether a message is in the database."""
        return bool(self._read("SELECT 1 FROM messages WHERE message_id = :id", id=message_id))

    def gaps(self) -> list[Gap]:
        """Return all recorded gaps."""
        return SqlPositions(self.database).gaps()

    def position(self, source: str) -> Position | None:
        """Return where a source stands."""
        return SqlPositions(self.database).position(source)

    def close(self) -> None:
        """Kill what still runs."""
        self.kill()
        self.database.close()

    def _read(self, query: str, **values: str) -> list[Any]:
        try:
            with self.database.read() as connection:
                return list(connection.execute(sqlalchemy.text(query), values))
        except IntentError:
            return []  # it was not made yet


StartListening = Callable[..., ListenProcess]
