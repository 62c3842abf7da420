"""Compares the local model with the usual ways to classify with the same encoder: by turns inside
one process, and as whole commands from outside.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from eval.bench.local import SystemSpeed, bench_local, targets
from eval.bench.outside import CommandSpeed, bench_commands, cold_start
from eval.bench.peers import PlainPeer
from eval.bench.speed import LIVE, SELLERS, read_wire
from intent.bootstrap.application import open_application
from intent.bootstrap.deciding import build_local
from intent.model.message import Message
from intent.telemetry import configure_logs
from intent.training.data import Example, read_examples

SEED = 20261120


@dataclass(frozen=True, slots=True)
class SpeedPlan:
    """What is measured.

    Attributes:
        data: a folder with the live chat and the sellers' comments, or one file of wire messages.
        live, distinct, test, fitted: messages of the live chat, distinct comments, messages of the
            test split, and training messages of the peers' heads, at most.
        dataset: a folder with train.jsonl and test.jsonl.
        rounds: how often whole commands are run; 0 for not at all.
    """

    data: Path
    live: int
    distinct: int
    test: int
    fitted: int
    dataset: Path
    rounds: int

    def streams(self, draw: random.Random) -> dict[str, list[Message]]:
        """Return the messages without labels, by name.

        Raises:
            OperatorError: a file cannot be read, or holds no message.
        """
        folder = self.data.is_dir()
        stream = read_wire(self.data / LIVE if folder else self.data)
        others = read_wire(self.data / SELLERS) if folder else stream
        texts = list({message.text: message for message in others}.values())
        return {
            "live chat, in order": stream[: self.live],
            "distinct seller comments": draw.sample(texts, min(self.distinct, len(texts))),
        }


def compare(
    plan: SpeedPlan, say: Callable[[str], None] = print
) -> list[SystemSpeed | CommandSpeed]:
    """Measure, print, and return one line for each system and set of messages.

    Raises:
        OperatorError: data or model cannot be read, or a command fails.
    """
    app = open_application()
    configure_logs("error")
    ours = build_local(app)
    draw = random.Random(SEED)  # noqa: S311  a sample, no secret
    streams = plan.streams(draw)
    labelled = {"test split": _drawn(plan.dataset / "test.jsonl", plan.test, draw)}
    train = _drawn(plan.dataset / "train.jsonl", plan.fitted, draw)
    say(f"{_load('before')}; model {ours.versions.model}")
    peer = PlainPeer.fitted([one.message.text for one in train], targets(train, app.taxonomy))
    say(f"the peer takes {peer.batch} texts a batch, the quickest of those tried")
    rows: list[SystemSpeed | CommandSpeed] = [
        *bench_local(streams, ours, app.taxonomy, peer=peer, labelled=labelled, say=say)
    ]
    if plan.rounds:
        say("whole commands, one thread each, start taken off:")
        with tempfile.TemporaryDirectory(prefix="lead-intent-bench-") as scratch:
            folder, names = Path(scratch), app.taxonomy.names
            rows += bench_commands(streams, peer, names, folder, rounds=plan.rounds, say=say)
            cold_start(folder, say)
    say(_load("after"))
    return rows


def _drawn(path: Path, most: int, draw: random.Random) -> list[Example]:
    examples = read_examples(path)
    return draw.sample(examples, min(most, len(examples)))


def _load(when: str) -> str:
    return f"load of the machine {when}: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
