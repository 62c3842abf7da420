"""The prompt engineer's verbs say what is wrong, what is sent and what differs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from intent.bootstrap.resources import locate
from intent.cli.app import app
from intent.model.errors import TemplateError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copied = Path(shutil.copytree(locate("prompts"), tmp_path / "prompts"))
    monkeypatch.setenv("INTENT_PROMPTS_DIR", str(copied))
    return copied


def intent(*words: str) -> Result:
    return CliRunner().invoke(app, ["prompts", *words])


def test_what_ships_is_good() -> None:
    result = intent("lint", "--json")
    assert result.exit_code == 0
    assert [json.loads(line)["error"] for line in result.stdout.splitlines()] == [None]


def test_a_wrong_prompt_is_named_and_exits_with_one(folder: Path) -> None:
    (folder / "worse.prompty").write_text("system:\nhi", encoding="utf-8")
    result = intent("lint", "--json")
    assert result.exit_code == 1
    errors = {row["name"]: row["error"] for row in map(json.loads, result.stdout.splitlines())}
    assert errors["lead_intent"] is None
    assert "no front matter" in errors["worse"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("route.yaml", "ask_above: banana"),
        ("models.yaml", "models: []\nx: 1"),
        ("calibration.yaml", "measured: 5"),
        ("aliases.yaml", "production: x"),
    ],
)
def test_what_belongs_to_prompts_is_checked_too(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    result = intent("lint")
    assert isinstance(result.exception, TemplateError)
    assert name in str(result.exception)


def test_rendering_shows_what_would_be_sent_without_contact_details() -> None:
    result = intent("render", "--text", "call me 0491 570 156", "--json")
    shown = json.loads(result.stdout)
    assert [one["role"] for one in shown["messages"]] == ["system", "user"]
    assert [one["text"] for one in json.loads(shown["messages"][1]["content"])["messages"]] == [
        "call me [phone]"
    ]


def test_rendering_takes_messages_of_one_room_from_a_file(tmp_path: Path) -> None:
    rows = [
        {
            "platform": "p",
            "room_id": room,
            "message_id": str(n),
            "user_id": "u",
            "kind": "comment",
            "text": f"t{n}",
            "sent_at": "2026-01-01T00:00:00Z",
        }
        for n, room in enumerate("aab")
    ]
    path = tmp_path / "chat.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    result = intent("render", "--messages", str(path), "--json")
    content = json.loads(json.loads(result.stdout)["messages"][1]["content"])
    assert sorted(one["text"] for one in content["messages"]) == ["t0", "t1"]


def test_the_list_says_which_one_production_uses_and_that_nothing_is_measured() -> None:
    rows = [json.loads(line) for line in intent("list", "--json").stdout.splitlines()]
    assert rows[0]["name"] == "lead_intent"
    assert "production" in rows[0]["alias"]
    assert rows[0]["calibration"] == "unmeasured"


def test_a_difference_is_shown_as_it_reaches_the_model(folder: Path) -> None:
    draft = folder / "draft" / "lead_intent.prompty"
    draft.parent.mkdir()
    shutil.copy(folder / "lead_intent.examples.yaml", draft.parent)
    text = (folder / "lead_intent.prompty").read_text(encoding="utf-8")
    draft.write_text(text.replace("# Input", "# What you get"), encoding="utf-8")
    result = intent("diff", "production", str(draft))
    assert "-# Input" in result.stdout
    assert "+# What you get" in result.stdout
    assert intent("diff").stdout == ""
