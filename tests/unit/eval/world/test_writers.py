"""Comments are counted by those who write them, anew in every room."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import eval.__main__ as workbench
from eval.world.writers import figures_of_chat, writer_figures
from intent.model.errors import OperatorError
from intent.model.message import parse_message


def said(number: int, user: str, room: str = "r1", role: str = "viewer") -> dict[str, object]:
    return {
        "platform": "demo",
        "room_id": room,
        "message_id": f"m{number}",
        "user_id": user,
        "kind": "comment",
        "text": f"hello {number}",
        "sent_at": "2026-10-01T10:00:00+00:00",
        "author_role": role,
    }


CHAT = [
    *(said(number, "much") for number in range(10)),
    said(10, "twice"),
    said(11, "twice"),
    said(12, "once"),
    said(13, "much", room="r2"),
    said(14, "seller", role="host"),
]


def test_a_writer_counts_anew_in_every_room_and_a_host_not_at_all() -> None:
    messages = [parse_message(json.dumps(one).encode()) for one in CHAT]
    found = figures_of_chat(messages, None)
    assert (found.comments, found.writers, found.once) == (14, 4, 0.5)
    assert found.tenth == pytest.approx(10 / 14)
    assert [step.comments for step in found.steps] == [2, 2, 0, 10]
    with pytest.raises(OperatorError, match="no viewer"):
        figures_of_chat(messages[-1:], None)


def test_leads_are_told_by_how_much_their_writer_wrote() -> None:
    writer, leads = np.array([1, 2, 2, 3]), np.array([True, True, False, False])
    steps = writer_figures(writer, leads).steps
    assert [step.leads for step in steps] == [0.5, 0.5, None, None]


def test_the_verb_prints_the_figures_of_a_chat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = tmp_path / "chat.jsonl"
    chat.write_text("\n".join(json.dumps(one) for one in CHAT), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["eval", "writers", str(chat), "--json"])
    with pytest.raises(SystemExit) as left:
        workbench.main()
    assert not left.value.code
    assert json.loads(capsys.readouterr().out)["writers"] == 4
