"""The examples of how messages are posted do what their page says, with curl."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.serving import RunningServer

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]


def test_the_page_posts_messages_as_it_says(
    start_serving: Callable[..., AbstractContextManager[RunningServer]], tmp_path: Path
) -> None:
    shutil.copy(ROOT / "intent/sources/sample.jsonl", tmp_path / "chat.jsonl")
    page = (ROOT / "docs/service.md").read_text(encoding="utf-8")
    section = page.partition("## Messages in\n")[2].partition("\n## ")[0]
    examples = re.findall(r"^```bash\n(.*?)^```$", section, flags=re.DOTALL | re.MULTILINE)
    told: list[str] = []
    with start_serving() as server:
        for example in examples:
            command = example.replace("http://127.0.0.1:8000", server.url)
            done = subprocess.run(
                ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True
            )
            told.append(done.stdout)
        waiting = server.service.app.inbox.waiting()
    (shown,) = re.findall(r"^```json\n(.*?)\n```$", section, flags=re.DOTALL | re.MULTILINE)
    assert told[0] == shown.replace(": ", ":").replace(", ", ",")
    assert '"refused":[]' in told[1]
    assert waiting > 100
