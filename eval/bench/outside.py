"""Speed of whole commands, seen from outside: a file goes in, decisions come out as JSON, and what
starting takes is measured by itself and taken off.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.bench.peers import PlainPeer
from intent.model.errors import OperatorError
from intent.model.message import Message, wire

Print = Callable[[str], None]

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "INTENT_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
"""Every system has one thread, so that processor time and the clock tell the same."""

COLD = (sys.executable, "-m", "intent", "classify", "--text", "how much?")
HEAVY = ("torch", "transformers", "sentence_transformers", "sklearn", "alembic")
"""What deciding must not import."""

HEADER = (
    f"{'data':24s} {'command':28s} {'cpu s/1k':>8s} {'ratio':>6s} {'msg/s':>8s} {'ratio':>6s} "
    f"{'start cpu s':>11s} {'MB':>6s}"
)


@dataclass(frozen=True, slots=True)
class RunCost:
    """What one run of a command took: seconds by the clock, seconds of processor time over all
    threads, and its memory at its peak in MB.
    """

    seconds: float
    processor: float
    memory: float

    def __add__(self, other: RunCost) -> RunCost:
        return RunCost(
            self.seconds + other.seconds,
            self.processor + other.processor,
            max(self.memory, other.memory),
        )


@dataclass(frozen=True, slots=True)
class CommandSpeed:
    """One line of the comparison of commands.

    Attributes:
        data, command: what was decided, by what.
        processor: processor seconds for a thousand messages, without starting.
        processor_ratio: how many times as much the peer takes in its best form.
        rate: messages a second by the clock, without starting.
        rate_ratio: of the rate of the peer in its best form.
        start: processor seconds until one message is decided.
        memory: at its peak, in MB.
    """

    data: str
    command: str
    processor: float
    processor_ratio: float
    rate: float
    rate_ratio: float
    start: float
    memory: float


def bench_commands(
    data: Mapping[str, Sequence[Message]],
    peer: PlainPeer,
    labels: Sequence[str],
    folder: Path,
    *,
    rounds: int,
    say: Print = print,
) -> list[CommandSpeed]:
    """Decide each set of messages with the peer's command in both its forms and with ``intent
    classify``; print and return one line for each.

    Args:
        labels: names of the peer's outputs but the last, which is lead.
        folder: for what the commands read and write.
        rounds: how often each command is run, by turns.

    Raises:
        OperatorError: a command fails.
    """
    head = folder / "head.joblib"
    peer.save(head, labels)
    program = (sys.executable, "-m", "eval.bench.peer_command", str(head))
    commands = {
        "peer, whole file at once": (*program, "--at-once", "0"),
        "peer, batches of 256": (*program, "--at-once", "256"),
        "intent classify --json": (sys.executable, "-m", "intent", "classify", "--json"),
    }
    peers = list(commands)[:2]
    rows: list[CommandSpeed] = []
    say(HEADER)
    for name, messages in data.items():
        one, every = (
            _written(folder / "one.jsonl", messages[:1]),
            _written(folder / "all.jsonl", messages),
        )
        spent = _by_turns(commands, one, every, rounds, folder)
        rows += compared(name, len(messages) * rounds, spent, peers, rounds)
        for row in rows[-len(commands) :]:
            say(command_line(row))
    return rows


def compared(
    data: str,
    count: int,
    spent: Mapping[str, tuple[RunCost, RunCost]],
    peers: Sequence[str],
    rounds: int = 1,
) -> list[CommandSpeed]:
    """Return the lines of one set of messages.

    Args:
        count: messages that were decided, over all rounds.
        spent: by command, over all rounds: for one message, and for all.
        peers: which commands the others are compared with: the better one of them counts.
    """
    processor = {
        name: max(every.processor - one.processor, 1e-9) for name, (one, every) in spent.items()
    }
    seconds = {name: max(every.seconds - one.seconds, 1e-9) for name, (one, every) in spent.items()}
    least = min(processor[name] for name in peers), min(seconds[name] for name in peers)
    return [
        CommandSpeed(
            data,
            name,
            1e3 * processor[name] / count,
            least[0] / processor[name],
            count / seconds[name],
            least[1] / seconds[name],
            one.processor / rounds,
            every.memory,
        )
        for name, (one, every) in spent.items()
    ]


def _by_turns(
    commands: Mapping[str, Sequence[str]], one: Path, every: Path, rounds: int, folder: Path
) -> dict[str, tuple[RunCost, RunCost]]:
    """Run each command on one message and on all, round by round: what else the machine does then
    hits all alike.
    """
    nothing = RunCost(0.0, 0.0, 0.0)
    spent = dict.fromkeys(commands, (nothing, nothing))
    for command in commands.values():
        # The first run reads files that later ones find in memory.
        run_command((*command, str(one)), folder)
    for _ in range(rounds):
        for name, command in commands.items():
            begun, done = (run_command((*command, str(path)), folder) for path in (one, every))
            spent[name] = spent[name][0] + begun, spent[name][1] + done
    return spent


def run_command(command: Sequence[str], folder: Path) -> RunCost:
    """Run a command with one thread and without the caller's settings of intent.

    Raises:
        OperatorError: it fails.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INTENT_")}
    errors, result = folder / "errors.txt", folder / "cost.json"
    timed = (sys.executable, "-m", "eval.bench.timed_command", str(result), *command)
    with (folder / "out.jsonl").open("wb") as output, errors.open("wb") as told:
        code = subprocess.run(
            timed, stdout=output, stderr=told, env={**kept, **ONE_THREAD}, check=False
        ).returncode
    if code:
        last = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        raise OperatorError(f"{' '.join(command)} fails: {' '.join(last)}")
    return RunCost(*json.loads(result.read_bytes()))


def cold_start(folder: Path, say: Print = print) -> RunCost:
    """Decide one text given on the command line; print and return what that takes.

    Raises:
        OperatorError: the command fails.
    """
    run_command(COLD, folder)
    spent = run_command(COLD, folder)
    run_command((COLD[0], "-X", "importtime", *COLD[1:]), folder)
    heavy = imported((folder / "errors.txt").read_text(encoding="utf-8")) & set(HEAVY)
    say(
        f'intent classify --text "how much?": {spent.seconds:.2f} s by the clock, '
        f"{spent.processor:.2f} s of processor time, {spent.memory:.0f} MB; of "
        f"{', '.join(HEAVY)} it imports {', '.join(sorted(heavy)) or 'none'}"
    )
    return spent


def imported(told: str) -> set[str]:
    """Return the packages that a run with ``-X importtime`` has told of."""
    lines = (line.rpartition("|")[2].strip() for line in told.splitlines() if "|" in line)
    return {name.partition(".")[0] for name in lines}


def _written(path: Path, messages: Sequence[Message]) -> Path:
    path.write_bytes(b"".join(wire(message) + b"\n" for message in messages))
    return path


def command_line(row: CommandSpeed) -> str:
    """Return one line of the table."""
    return (
        f"{row.data:24s} {row.command:28s} {row.processor:8.2f} {row.processor_ratio:6.2f} "
        f"{row.rate:8.0f} {row.rate_ratio:6.2f} {row.start:11.2f} {row.memory:6.0f}"
    )
