"""The bench of the local model runs every system on the same messages, and prints a line for
each.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.bench.local import bench_local, line, targets
from eval.bench.peers import PlainPeer
from intent.bootstrap.application import open_application
from intent.bootstrap.deciding import build_local
from intent.classify.local.classifier import LocalClassifier
from intent.model.taxonomy import Taxonomy
from intent.training.data import read_examples

DATASET = Path(__file__).parents[3] / "eval" / "datasets" / "lead_intent"
SYSTEMS = [
    "(a) encode + scikit-learn",
    "(b) SetFit predict",
    "(c) ours, no cache",
    "(c) ours",
    "(a) the whole file at once",
    "(c) ours, whole file",
]
PEERS, CACHED = (SYSTEMS[0], SYSTEMS[4]), (SYSTEMS[3], SYSTEMS[5])


@pytest.mark.slow
def test_every_system_is_measured_on_the_same_messages(taxonomy: Taxonomy) -> None:
    ours = build_local(open_application())
    assert isinstance(ours, LocalClassifier)
    dev = read_examples(DATASET / "dev.jsonl")
    stream = [one.message for one in dev[:40]]
    said: list[str] = []
    train = dev[100:400]
    peer = PlainPeer.fitted([one.message.text for one in train], targets(train, taxonomy))
    rows = bench_local(
        {"twice": stream + stream},
        ours,
        taxonomy,
        peer=peer,
        labelled={"dev": dev[:60]},
        say=said.append,
    )
    assert [(row.data, row.system) for row in rows] == [
        (data, system) for data in ("twice", "dev") for system in SYSTEMS
    ]
    for data in ("twice", "dev"):
        peers = [row for row in rows if row.data == data and row.system in PEERS]
        assert max(row.ratio for row in peers) == 1.0
        assert max(row.processor_ratio for row in peers) == 1.0
    assert all(row.rate > 0 and row.processor > 0 for row in rows)
    assert all((row.macro_f1 is None) == (row.data == "twice") for row in rows)
    cached = {(row.data, row.system): row.from_cache for row in rows}
    assert all(cached["twice", system] > 0.3 for system in CACHED)
    assert not any(share for (_, system), share in cached.items() if system not in CACHED)
    for row in rows:
        assert line(row) in said
    assert (
        sum("µs a message" in text for text in said)
        == sum("settled by" in text for text in said)
        == 2
    )
