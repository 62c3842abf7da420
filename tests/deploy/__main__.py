"""Runs every lint of the deployment files and says what it found: ``make check-deploy``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.deploy.lints import LINTS
from tests.deploy.tools import ToolMissing

FOLDER = Path(__file__).parents[2] / "deploy"


def main() -> int:
    """Print a line for each lint, and return 1 if any of them complains."""
    failed = False
    for name, lint in LINTS.items():
        try:
            complaints = lint(FOLDER)
        except ToolMissing as missing:
            print(f"not checked  {name}: {missing}")
            continue
        print(f"{'FAILED' if complaints else 'ok':<12} {name}")
        for complaint in complaints:
            print(f"             {complaint}")
        failed = failed or bool(complaints)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
