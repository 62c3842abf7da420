"""What a gate could settle is judged on texts that its threshold was not chosen on; real text is
read line by line.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from eval.bench.ngram_gate import judged, threshold
from eval.bench.speed import read_wire
from intent.model.errors import OperatorError


def test_the_threshold_is_the_highest_at_which_too_few_leads_are_lost() -> None:
    chances, lead = np.arange(1000) / 1000, np.zeros(1000, dtype=np.bool_)
    lead[[300, 400, 401, 402]] = True
    assert threshold(chances, lead, 0.005) == 0.999
    assert threshold(chances, lead, 0.003) == 0.399
    assert threshold(chances, lead, 0.001) == 0.299


def test_nothing_is_settled_where_the_least_likely_is_a_lead() -> None:
    assert threshold(np.array([0.1, 0.2]), np.array([True, True]), 0.005) == -1.0


def test_the_honest_error_counts_leads_that_the_threshold_has_not_seen() -> None:
    chances = np.tile(np.arange(500) / 500, 2)
    part = np.repeat([0, 1], 500)
    lead = np.zeros(1000, dtype=np.bool_)
    lead[50:60] = True
    row = judged(chances, lead, part, np.array([0.05, 0.9]), 0.005)
    assert (row.wrong, row.count) == (0, 100)
    assert row.others == 0.5
    assert row.held_wrong == 10
    assert row.held_count == 550


def test_lines_that_are_no_messages_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    line = '{"platform":"p","room_id":"r","message_id":"1","user_id":"u","kind":"comment","text":"hi","sent_at":"2026-01-01T00:00:00Z"}'
    path.write_text(f"{line}\nno message\n", encoding="utf-8")
    assert [message.text for message in read_wire(path)] == ["hi"]


def test_a_file_without_messages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="cannot be read"):
        read_wire(tmp_path / "missing.jsonl")
    (tmp_path / "empty.jsonl").write_text("no message\n", encoding="utf-8")
    with pytest.raises(OperatorError, match="holds no messages"):
        read_wire(tmp_path / "empty.jsonl")
