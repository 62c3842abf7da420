"""Every command of the documentation does what its page says, in a folder of a newcomer."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import eval.__main__ as workbench
from eval.standin.fake_llm_server import FakeLlmServer
from intent.bootstrap.resources import locate
from intent.cli import app as command_line
from intent.model.taxonomy import Taxonomy

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "docs/operate.md",
    "docs/prompts.md",
    "docs/features.md",
    "docs/sources.md",
    "docs/service.md",
    "docs/ranking.md",
    "docs/lift.md",
    "docs/privacy.md",
    "docs/experiments.md",
    "docs/outcomes.md",
)
MAKE = {"make demo", "make test"}
"""Installs into a folder of its own; continuous integration runs the second one."""

GATE_MAY_SAY = {0, 100, 101}
OPEN_THEN_SETTLED = (1, 0)
"""What a lint of one's own dataset says before and after disagreements are settled."""

ROWS = 150

pytestmark = pytest.mark.slow


def commands(page: str) -> list[str]:
    """Return the commands of a page's shell blocks, without what is said beside them."""
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = [
        line
        for block in re.findall(r"^```sh\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
        for line in block.splitlines()
    ]
    return [re.split(r"\s+# ", line)[0].strip() for line in lines if line.strip()]


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taxonomy: Taxonomy) -> Iterator[Path]:
    """Enter a folder with a chat, a few labelled rows, prompts to edit and an LLM to ask."""
    sample = (ROOT / "intent/sources/sample.jsonl").read_text(encoding="utf-8")
    (tmp_path / "chat.jsonl").write_text(sample, encoding="utf-8")
    datasets = tmp_path / "eval" / "datasets" / "lead_intent"
    datasets.mkdir(parents=True)
    for split in ("train", "dev", "test"):
        rows = (ROOT / f"eval/datasets/lead_intent/{split}.jsonl").read_text(encoding="utf-8")
        few = "\n".join(rows.splitlines()[:ROWS]) + "\n"
        (datasets / f"{split}.jsonl").write_text(few, encoding="utf-8")
    shutil.copytree(ROOT / "eval" / "suites", tmp_path / "eval" / "suites")
    shutil.copytree(ROOT / "examples" / "outcomes", tmp_path / "examples" / "outcomes")
    prompts = Path(shutil.copytree(locate("prompts"), tmp_path / "prompts"))
    aliases = prompts / "aliases.yaml"
    aliases.write_text(
        re.sub(r"candidate: .*", "candidate: other", aliases.read_text(encoding="utf-8")),
        encoding="utf-8",
    )
    shown = (prompts / "lead_intent.prompty").read_text(encoding="utf-8")
    other = shown.replace("name: lead_intent", "name: other", 1)
    (prompts / "other.prompty").write_text(other, encoding="utf-8")
    _requests(tmp_path, [json.loads(line) for line in sample.splitlines() if line.strip()])
    monkeypatch.chdir(tmp_path)
    with FakeLlmServer(taxonomy) as server:
        for name, value in {
            "INTENT_DATABASE_URL": f"sqlite:///{tmp_path}/intent.db",
            "INTENT_PROMPTS_DIR": str(prompts),
            "INTENT_LLM_BASE_URL": server.url,
            "INTENT_ASK_GATHER": "0.01",
            "INTENT_LLM_PRICE_INPUT": "0",
            "INTENT_LLM_PRICE_OUTPUT": "0",
        }.items():
            monkeypatch.setenv(name, value)
        yield tmp_path


def _requests(folder: Path, messages: list[dict[str, str]]) -> None:
    chosen = messages[::40]
    keys = ("platform", "user_id", "creator_id", "room_id", "item_id")
    columns = {key: pa.array([row.get(key) for row in chosen], pa.string()) for key in keys}
    # Later than anything that is decided meanwhile: strict history knows what was known then.
    later = datetime.now(UTC) + timedelta(hours=1)
    columns["event_timestamp"] = pa.array([later] * len(chosen), pa.timestamp("us", "UTC"))
    pq.write_table(pa.table(columns), folder / "requests.parquet")
    rows = "\n".join(json.dumps({key: row.get(key) for key in keys}) for row in chosen)
    (folder / "candidates.jsonl").write_text(rows + "\n", encoding="utf-8")


def run(command: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run one line as a shell would, in this process where it is one of our commands."""
    words = shlex.split(command)
    mains: dict[str, Callable[[], None]] = {
        "intent": command_line.main,
        "python -m eval": workbench.main,
    }
    ours = next((name for name in mains if command.startswith(f"{name} ")), None)
    if "|" in words or ours is None:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
        shell = ["bash", "-o", "pipefail", "-c", command.replace("intent ", "python -m intent ")]
        return subprocess.run(shell, env=environment, check=False, timeout=120).returncode
    arguments = words[len(ours.split()) :]
    if ours == "python -m eval" and arguments[0] in {"gate", "bless"}:
        arguments += ["--baselines", "baselines"]
    monkeypatch.setattr(sys, "argv", [ours, *arguments])
    try:
        mains[ours]()
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def annotate(path: Path) -> None:
    """Fill a sheet as people would: all see a price where one is asked for, and ben, who is quick,
    takes the first message for an order.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    for place, line in enumerate(lines):
        asks = line["author_role"] == "viewer" and "how much" in line["text"].lower()
        line["labels"] = "PR" if asks else "CH"
        if path.stem == "ben" and place == 0:
            line["labels"] = "PU"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, lines[0])
        writer.writeheader()
        writer.writerows(lines)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_works(
    page: str, newcomer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "ingest" not in " ".join(commands(page)):
        assert run("intent ingest chat.jsonl", monkeypatch) == 0
        assert run("intent work --drain --no-ask", monkeypatch) == 0
    lints = iter(OPEN_THEN_SETTLED)
    for command in commands(page):
        if command in MAKE:
            continue
        if (
            " gate " in command
        ):  # against a baseline of these few rows, as the one that ships is of all
            assert run("python -m eval bless runs/now", monkeypatch) == 0
        if " data import " in command:
            annotate(newcomer / command.split(" data import ")[1].split()[0])
        code = run(command, monkeypatch)
        may = GATE_MAY_SAY if " gate " in command else {0}
        may = {next(lints)} if command.endswith(" lint mine") else may
        assert code in may, f"{page}: {command} ended with {code}"


def test_the_readme_is_short_and_names_its_pages() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) <= 160
    for link in re.findall(r"\]\(([^)]+)\)", readme):
        assert (ROOT / link).exists(), link
