"""The pictures of the documentation can be taken anew, and are small enough to be looked at."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages.conftest import CHROMIUM

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "docs" / "pictures" / "inbox.py"

pytestmark = pytest.mark.slow


def width_of(picture: Path) -> int:
    """Return the width of a PNG in pixels (PNG specification, 11.2.2)."""
    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(content) < 200_000
    width: int = struct.unpack(">I", content[16:20])[0]
    return width


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_the_picture_of_the_inbox_is_taken_anew(tmp_path: Path) -> None:
    """In a process of its own: the browser of the other tests holds this one's event loop."""
    command = [sys.executable, str(SCRIPT), str(tmp_path / "now.png")]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
    assert width_of(tmp_path / "now.png") == width_of(SCRIPT.with_suffix(".png")) == 1200
