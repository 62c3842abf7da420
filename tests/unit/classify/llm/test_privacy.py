"""Nothing that runs here reports to anybody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_the_encoder_runtime_leaves_no_trace_in_the_home_folder(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    subprocess.run(
        [sys.executable, "-c", "import intent.classify.local.encoder"], env=environment, check=True
    )
    assert list(tmp_path.rglob("*")) == []
