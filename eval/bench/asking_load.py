"""Measures what questions cost on their way through the lane: processor time of the asker, and how
often equal texts in flight are decided and asked about by several workers and askers.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import copytree
from subprocess import DEVNULL
from tempfile import TemporaryDirectory
from typing import Annotated

import sqlalchemy
import typer

from eval.bench.pipeline import PipelineServers, fresh_database
from eval.bench.pipeline_ways import PipelineCode
from eval.standin.fake_llm_server import FakeLlmServer
from intent.bootstrap.application import open_application
from intent.cli.screen import json_line, say
from intent.model.errors import OperatorError
from intent.model.message import Message, wire
from intent.store.engine import Database
from intent.telemetry import configure_logs

ROOMS = 20


@dataclass(frozen=True, slots=True)
class AskingLine:
    """What was counted of so many messages, all of which are worth asking about.

    Attributes:
        resource, of: what the processor time is of, and what it counts, as docs/scale.md says.
        texts: different texts among the messages of a room.
        decided: messages that the local model decided; the others were answered from memory.
        calls: requests to the LLM.
        asked: messages that these asked about.
        seconds: processor time of all askers for a million questions, without their start.
    """

    resource: str
    of: str
    code: str
    messages: int
    texts: int
    workers: int
    askers: int
    decided: int
    calls: int
    asked: int
    improved: int
    seconds: float


def asking(
    messages: Annotated[int, typer.Option(min=20, help="Messages, over 20 rooms.")] = 2000,
    texts: Annotated[int, typer.Option(min=1, help="Different texts in a room.")] = 100,
    workers: Annotated[int, typer.Option(min=1, help="Workers.")] = 1,
    askers: Annotated[int, typer.Option(min=1, help="Askers.")] = 1,
    postgresql: Annotated[
        str | None, typer.Option(help="URL of a PostgreSQL database that may create others.")
    ] = None,
    beside: Annotated[
        Path | None, typer.Option(help="Another checkout, measured before this one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Processor time of a million questions, and how often equal texts are decided and asked about,
    with the model that ships and a stand-in for the LLM; everything is worth asking.

    Example: python -m eval bench asking --texts 1 --workers 4 --askers 2
    """
    configure_logs("error")
    codes = [PipelineCode()]
    if beside is not None:
        codes.insert(0, PipelineCode("beside", beside.absolute()))
    for code in codes:
        flood = _flood(messages, texts)
        line = measure_asking(flood, code, workers, askers, postgresql, texts)
        if as_json:
            json_line(asdict(line))
            continue
        say(
            f"{line.code}: {line.messages:,} messages, {line.texts:,} texts a room: the model "
            f"decided {line.decided:,}, {line.calls:,} calls asked about {line.asked:,}, "
            f"{line.improved:,} improved; {line.seconds:,.0f} s of {line.askers} askers for a "
            "million questions"
        )


def measure_asking(
    messages: Sequence[Message],
    code: PipelineCode,
    workers: int,
    askers: int,
    postgresql: str | None,
    texts: int,
) -> AskingLine:
    """Have everything decided, then everything asked, and count.

    Raises:
        OperatorError: a process did not end well.
    """
    servers = PipelineServers(postgresql, None, None)
    taxonomy = open_application().taxonomy
    with (
        fresh_database(servers, "postgresql" if postgresql else "sqlite", code) as database,
        FakeLlmServer(taxonomy) as llm,
        _curious(code, database.url, llm.url) as environment,
    ):
        file = Path(environment["INTENT_SPOOL_DIR"]) / "messages.jsonl"
        file.write_bytes(b"".join(wire(message) + b"\n" for message in messages))
        _ended(code, environment, "ingest", str(file))
        start = _ended(code, environment, "ask", "--drain", times=askers)
        _ended(code, environment, "work", "--drain", "--no-ask", times=workers)
        used = _ended(code, environment, "ask", "--drain", times=askers) - start
        by_model = "SELECT count(*) FROM decisions WHERE decided_by = 'local' AND NOT from_cache"
        improved = _counted(database, "SELECT count(*) FROM decisions WHERE decided_by = 'llm'")
        return AskingLine(
            "asker, twenty a call", "questions", code.name, len(messages), texts, workers, askers,
            decided=_counted(database, by_model),
            calls=len(llm.seen),
            asked=_counted(database, "SELECT sum(messages) FROM llm_attempts"),
            improved=improved,
            seconds=used * 1e6 / max(improved, 1),
        )  # fmt: skip


def _flood(count: int, texts: int) -> list[Message]:
    now = "2026-01-01T12:00:00+00:00"
    shared = {"platform": "bench", "kind": "comment", "sent_at": now}
    return [
        Message.model_validate(
            shared
            | {
                "room_id": f"room-{number % ROOMS}",
                "message_id": f"m-{number}",
                "user_id": f"user-{number}",
                "text": f"how much is the {_numbered(number // ROOMS % texts)} one?",
            }
        )
        for number in range(count)
    ]


def _numbered(number: int) -> str:
    """Return a word for a number, for digits would be details of their own."""
    return "".join("bdfglmnprt"[int(digit)] + "aeiou"[int(digit) % 5] for digit in str(number))


@contextmanager
def _curious(code: PipelineCode, database_url: str, llm_url: str) -> Iterator[dict[str, str]]:
    """Yield the environment of processes that are unsure of everything."""
    with TemporaryDirectory(prefix="asking-") as folder:
        home = Path(folder)
        prompts = open_application().prompts if code.folder is None else code.folder / "prompts"
        copytree(prompts, home / "prompts")
        route = home / "prompts" / "route.yaml"
        lines = route.read_text(encoding="utf-8").splitlines()
        asked = ["ask_above: 0.0" if one.startswith("ask_above:") else one for one in lines]
        route.write_text("\n".join(asked) + "\n", encoding="utf-8")
        yield {
            **code.environment,
            "INTENT_DATABASE_URL": database_url,
            "INTENT_PROMPTS_DIR": str(home / "prompts"),
            "INTENT_SPOOL_DIR": folder,
            "INTENT_STATE_DIR": str(home / "state"),
            "INTENT_KEY_FILE": str(home / "keys"),
            "INTENT_LOG_LEVEL": "error",
            "INTENT_LLM_BASE_URL": llm_url,
            "INTENT_LLM_API_KEY": "stand-in",
            "INTENT_LLM_BUDGET_HOUR": "none",
            "INTENT_LLM_BUDGET_DAY": "none",
        }


def _ended(
    code: PipelineCode, environment: dict[str, str], *arguments: str, times: int = 1
) -> float:
    """Run a verb to its end, so many times at once; return seconds of processor time of them all.

    Raises:
        OperatorError: one of them failed.
    """
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "intent", *arguments],
            env=environment,
            cwd=code.folder,
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
        for _ in range(times)
    ]
    seconds = 0.0
    for process in processes:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds += usage.ru_utime + usage.ru_stime
    if any(process.returncode for process in processes):
        raise OperatorError(f"intent {' '.join(arguments)} failed")
    return seconds


def _counted(database: Database, query: str) -> int:
    with database.read() as connection:
        return int(connection.scalar(sqlalchemy.text(query)) or 0)
