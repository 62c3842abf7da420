"""The peer as a command: reads a file of messages, encodes all texts, and writes decisions as JSON
lines, as ``intent classify --json`` does.

``python -m eval.bench.peer_command HEAD FILE [--at-once N]``; HEAD is what
:meth:`eval.bench.peers.PlainPeer.save` has written, N 0 for the whole file.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eval.bench.peers import PlainPeer


def main() -> None:
    """Decide a file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("head", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--at-once", type=int, default=0)
    given = parser.parse_args()
    peer, labels = PlainPeer.load(given.head)
    messages = [json.loads(line) for line in given.file.read_bytes().splitlines()]
    size = given.at_once or max(len(messages), 1)
    for start in range(0, len(messages), size):
        some = messages[start : start + size]
        chances = peer.probabilities([message["text"] for message in some])
        sys.stdout.writelines(answers([one["message_id"] for one in some], chances, labels))


def answers(
    ids: Sequence[str], chances: NDArray[np.float64], labels: Sequence[str]
) -> Iterator[str]:
    """Yield a decision for each message as a line of JSON.

    Args:
        chances: shape (messages, labels + 1), the last column is lead.
    """
    for message_id, (*row, lead) in zip(ids, chances.tolist(), strict=True):
        likely = max(range(len(labels)), key=row.__getitem__)
        decision = {
            "message_id": message_id,
            "labels": [
                name for number, name in enumerate(labels) if row[number] >= 0.5 or number == likely
            ],
            "is_lead": lead >= 0.5,
            "lead_probability": round(lead, 6),
            "probabilities": {
                name: round(value, 6) for name, value in zip(labels, row, strict=True)
            },
        }
        yield json.dumps(decision, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
