"""An edit is run again in a folder beside the first, and held against the run before."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from eval.run.depends import digests
from eval.run.manifest import read_manifest
from eval.run.request import RunRequest
from eval.standin.fake_llm_server import FakeLlmServer
from eval.verbs.running import carry_out
from eval.verbs.watching import keep_watching
from intent.bootstrap.resources import locate
from tests.unit.eval.oracle import taxonomy, write_small_suite

RULE = ("# How to decide", "# How to decide\nBe brief.")


class Editor:
    """Edits files instead of waiting, one edit at a time, and then leaves."""

    def __init__(self, *edits) -> None:
        self._edits = list(edits)

    def __call__(self, seconds: float) -> None:
        if not self._edits:
            raise KeyboardInterrupt
        self._edits.pop(0)()


@pytest.fixture
def prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = Path(shutil.copytree(locate("prompts"), tmp_path / "prompts"))
    monkeypatch.setenv("INTENT_PROMPTS_DIR", str(folder))
    return folder


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_edits_are_run_again_and_a_broken_one_is_waited_out(
    tmp_path, prompts, monkeypatch, capsys
) -> None:
    request = RunRequest(
        write_small_suite(tmp_path, rows=20), tmp_path / "run", store=tmp_path / "replies.db"
    )
    shown = prompts / "lead_intent.prompty"
    good = shown.read_text(encoding="utf-8")
    with FakeLlmServer(taxonomy()) as server:
        monkeypatch.setenv("INTENT_LLM_BASE_URL", server.url)
        monkeypatch.setenv("INTENT_LLM_PRICE_INPUT", "0")
        monkeypatch.setenv("INTENT_LLM_PRICE_OUTPUT", "0")
        carry_out(request)
        sent = len(server.seen)
        counts = []
        keep_watching(
            [request],
            carry_out,
            Editor(
                lambda: None,
                lambda: shown.write_text("no prompt", encoding="utf-8"),
                lambda: shown.write_text(good.replace(*RULE), encoding="utf-8"),
                lambda: counts.append(len(server.seen)),
                lambda: shown.write_text(good, encoding="utf-8"),
            ),
        )
        # The first prompt again is answered from the response store.
        assert counts == [2 * sent]
        assert len(server.seen) == 2 * sent
    assert sorted(path.name for path in tmp_path.glob("run*")) == ["run", "run-2", "run-3"]
    hashes = [read_manifest(tmp_path / name).decider.prompt for name in ("run", "run-2", "run-3")]
    assert hashes[0] == hashes[2] != hashes[1]
    said = capsys.readouterr().err
    assert said.count("lead_intent.prompty changed") == 3
    assert said.count("error:") == 1
    assert "lead F1" in said
    assert "messages are decided otherwise: 0 worse, 0 better, 0 other" in said
    assert said.rstrip().endswith("left")


def test_only_what_an_edit_can_change_is_watched(tmp_path, prompts) -> None:
    suite = write_small_suite(tmp_path, rows=20)
    asked = {by: digests(RunRequest(suite, tmp_path / by, by=by)) for by in ("local", "llm")}
    names = {by: {path.name for path in files} for by, files in asked.items()}
    examples = "lead_intent.examples.yaml"
    assert {"lead_intent.prompty", examples, "taxonomy.yaml", "small.yaml"} <= names["llm"]
    assert "lead_intent.prompty" not in names["local"]
    assert names["local"] > {"taxonomy.yaml", "small.yaml"}
    cascade = digests(RunRequest(suite, tmp_path / "both", by="cascade"))
    assert set(cascade) == {*asked["local"], *asked["llm"], prompts / "route.yaml"}
    edit(prompts / examples, "examples:", "examples: # more")
    after = digests(RunRequest(suite, tmp_path / "llm", by="llm"))
    assert [path.name for path in after if after[path] != asked["llm"][path]] == [examples]
