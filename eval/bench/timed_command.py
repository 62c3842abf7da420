"""Runs a command and writes down what it took.

It is a process of its own, and a small one: the peak memory that Linux counts for a child begins at
its parent's. ``python -m eval.bench.timed_command RESULT COMMAND …`` writes RESULT as JSON: seconds
by the clock, seconds of processor time over all threads, and MB at the peak.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    """Run the command that the arguments name, and leave with its exit code."""
    result, *command = sys.argv[1:]
    began = time.perf_counter()
    code = subprocess.run(command, check=False).returncode
    seconds = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = [seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]
    Path(result).write_text(json.dumps(taken), encoding="utf-8")
    sys.exit(code)


if __name__ == "__main__":
    main()
