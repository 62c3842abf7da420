"""Commands are compared by what they take beyond their start, with the best form of the peer."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from eval.bench.outside import RunCost, command_line, compared, imported, run_command
from eval.bench.peer_command import answers
from intent.model.errors import OperatorError


def test_start_is_taken_off_and_the_better_peer_is_the_measure() -> None:
    spent = {
        "whole": (RunCost(2.0, 2.0, 500.0), RunCost(12.0, 10.0, 900.0)),
        "batches": (RunCost(2.0, 2.0, 500.0), RunCost(22.0, 18.0, 800.0)),
        "ours": (RunCost(1.0, 1.0, 200.0), RunCost(3.0, 3.0, 240.0)),
    }
    whole, batches, ours = compared("chat", 2000, spent, ["whole", "batches"])
    assert (whole.processor, whole.rate, whole.processor_ratio) == (4.0, 200.0, 1.0)
    assert (batches.processor_ratio, batches.rate_ratio) == (0.5, 0.5)
    assert (ours.processor, ours.processor_ratio, ours.rate_ratio) == (1.0, 4.0, 5.0)
    assert (ours.start, ours.memory) == (1.0, 240.0)
    assert " ".join(command_line(ours).split()) == "chat ours 1.00 4.00 1000 5.00 1.00 240"


def test_a_command_runs_with_one_thread_and_without_our_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTENT_LLM_API_KEY", "none of its business")
    program = "import os; print(os.environ['INTENT_THREADS'], os.environ.get('INTENT_LLM_API_KEY'))"
    spent = run_command([sys.executable, "-c", program], tmp_path)
    assert (tmp_path / "out.jsonl").read_text() == "1 None\n"
    assert spent.processor > 0


def test_the_memory_of_a_command_is_its_own_and_not_ours(tmp_path: Path) -> None:
    held = bytearray(200_000_000)
    held[::4096] = b"x" * len(held[::4096])
    spent = run_command([sys.executable, "-c", "pass"], tmp_path)
    assert 1 < spent.memory < len(held) / 1e6


def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no such luck"):
        run_command([sys.executable, "-c", "raise SystemExit('no such luck')"], tmp_path)


def test_what_was_imported_is_read_from_what_python_tells() -> None:
    told = (
        "import time: self [us] | cumulative | imported package\nimport time: 5 | 9 |   torch.nn\n"
    )
    assert imported(told) == {"imported package", "torch"}


def test_the_peer_writes_a_decision_for_each_message() -> None:
    chances = np.array([[0.2, 0.4, 0.1], [0.9, 0.6, 0.7]])
    lines = [json.loads(line) for line in answers(["1", "2"], chances, ["buy", "spam"])]
    assert [line["labels"] for line in lines] == [["spam"], ["buy", "spam"]]
    assert [line["is_lead"] for line in lines] == [False, True]
    assert lines[0]["probabilities"] == {"buy": 0.2, "spam": 0.4}
