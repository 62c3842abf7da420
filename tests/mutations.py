"""Breaks the code on purpose, one break of ``tests/mutations.yaml`` at a time, and says whether the
tests that must notice do.

``python -m tests.mutations`` (or ``make mutate``) tries all of them in a copy of the tree, and exits
1 when one is not caught; words after it choose breaks by name.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
BREAKS = Path(__file__).with_suffix(".yaml")
LIMIT = 600.0
"""Seconds that the tests of one break may take."""

CAUGHT, MISSED = "caught", "NOT CAUGHT"


@dataclass(frozen=True, slots=True)
class Break:
    """One way to break the code.

    Attributes:
        name: what does not hold any more, in words.
        file: where, from the root.
        old, new: a text that stands there exactly once, and what it becomes.
        tests: what pytest is given: files, and options such as ``-k``.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def read_breaks(path: Path = BREAKS) -> list[Break]:
    """Return the breaks in the file's order."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [Break(**{**entry, "tests": tuple(entry["tests"])}) for entry in entries]


def broken(content: str, one: Break) -> str:
    """Return a file's content with the break in it.

    Raises:
        ValueError: the old text does not stand there exactly once, or nothing would change.
    """
    if content.count(one.old) != 1 or one.old == one.new:
        raise ValueError(f"{one.file} holds the text to break {content.count(one.old)} times")
    return content.replace(one.old, one.new)


def copy_tree(to: Path) -> None:
    """Copy what git knows, or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)


def passes(tree: Path, tests: tuple[str, ...]) -> bool:
    """Run tests in a tree.

    Raises:
        RuntimeError: they did not run to their end, so that they say nothing.
    """
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    if ran.returncode not in (0, 1):
        raise RuntimeError(f"the tests did not run: {ran.stdout[-600:]}{ran.stderr[-200:]}")
    return ran.returncode == 0


def attempt(tree: Path, one: Break) -> str:
    """Return what became of a break: caught, not caught, or why neither can be said."""
    path = tree / one.file
    whole = path.read_text(encoding="utf-8")
    try:
        path.write_text(broken(whole, one), encoding="utf-8")
        return MISSED if passes(tree, one.tests) else CAUGHT
    except (ValueError, RuntimeError) as error:
        return str(error)
    except subprocess.TimeoutExpired:
        return f"the tests took more than {LIMIT:.0f} s"
    finally:
        path.write_text(whole, encoding="utf-8")


def main(words: list[str]) -> int:
    """Try the breaks whose names hold one of the words, or all; return the exit code."""
    chosen = [one for one in read_breaks() if not words or any(word in one.name for word in words)]
    results = []
    with tempfile.TemporaryDirectory() as folder:
        copy_tree(Path(folder))
        whole: dict[tuple[str, ...], bool] = {}
        for one in chosen:
            started = time.monotonic()
            if one.tests not in whole:
                whole[one.tests] = passes(Path(folder), one.tests)
            result = attempt(Path(folder), one) if whole[one.tests] else "its tests fail unbroken"
            results.append(result)
            print(f"{result:<12} {time.monotonic() - started:5.1f} s  {one.name}", flush=True)
    caught = results.count(CAUGHT)
    print(f"{caught} of {len(results)} breaks are caught")
    return 0 if caught == len(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
