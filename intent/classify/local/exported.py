"""Has torch export encoders that are not built like BERT, and keeps their graphs; what was kept
counts only while its hashes hold.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from intent.model.errors import OperatorError
from intent.telemetry import logger

GRAPH, TOKENIZER, ABOUT = "model.onnx", "tokenizer.json", "about.json"

_EXPORT_SECONDS = 600
_PACKAGE_PARENT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Exported:
    """An ONNX graph with its weights, and the content of its tokenizer.json."""

    graph: bytes
    tokenizer: str


def exported(
    source: Path, key: str, cache_dir: Path | None, *, layers: int, adapter: Path | None
) -> Exported:
    """Return the encoder in the folder ``source`` as a graph: the kept one, or a new one, which is
    kept if it can be. Several processes may do so at once.

    Args:
        key: equal exactly when the graph would be.
        cache_dir: where graphs are kept; None for nowhere.

    Raises:
        OperatorError: torch is missing, or cannot export this encoder.
    """
    kept = cache_dir / f"encoder-{key}" if cache_dir is not None else None
    found = _read(kept) if kept is not None else None
    if found is not None:
        return found
    try:
        with tempfile.TemporaryDirectory(prefix="lead-intent-") as scratch:
            made = Path(scratch)
            _export(source, made, layers, adapter)
            found = _read(made)
            if found is None:
                raise OperatorError(f"exporting the encoder in {source} was cut off; try again")
            if kept is not None:
                _keep(made, kept)
            return found
    except OSError as error:
        raise OperatorError(
            f"the encoder in {source} cannot be exported ({error.strerror or error}); set TMPDIR "
            "to a folder with room"
        ) from error


def describe(folder: Path) -> None:
    """Write down what the graph and the tokenizer in ``folder`` must be."""
    hashes = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in (GRAPH, TOKENIZER)
    }
    (folder / ABOUT).write_text(json.dumps({"sha256": hashes}, indent=1), encoding="utf-8")


def _read(folder: Path) -> Exported | None:
    """Return what is kept in the folder, or None where that is not whole."""
    try:
        about = json.loads((folder / ABOUT).read_bytes())
        graph, tokenizer = (folder / GRAPH).read_bytes(), (folder / TOKENIZER).read_bytes()
        hashes = {GRAPH: _sha256(graph), TOKENIZER: _sha256(tokenizer)}
        return Exported(graph, tokenizer.decode()) if about["sha256"] == hashes else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _keep(made: Path, kept: Path) -> None:
    try:
        kept.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept) as scratch:
            # The description last: until it is there, the rest does not count.
            for name in (GRAPH, TOKENIZER, ABOUT):
                shutil.copyfile(made / name, Path(scratch) / name)
                (Path(scratch) / name).replace(kept / name)
    except OSError as error:
        logger("encoder").warning(
            "the exported encoder cannot be kept, so every start exports it again; set "
            "INTENT_CACHE_DIR to a folder that can be written to",
            folder=str(kept),
            reason=error.strerror,
        )


def _export(source: Path, made: Path, layers: int, adapter: Path | None) -> None:
    if not all(importlib.util.find_spec(name) for name in ("torch", "transformers")):
        raise OperatorError(
            f"the encoder in {source} cannot be used without torch, as it is not built like BERT "
            "or not saved as usual; run: pip install 'lead-intent[train]'"
        )
    command = [sys.executable, "-m", "intent.classify.local.export"]
    command += [str(source.resolve()), str(made.resolve()), "--layers", str(layers)]
    if adapter is not None:
        command += ["--adapter", str(adapter.resolve())]
    try:
        # In its parent folder, so that the package is found however this process came to import it.
        done = subprocess.run(  # noqa: S603
            command,
            cwd=_PACKAGE_PARENT,
            capture_output=True,
            text=True,
            timeout=_EXPORT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise OperatorError(
            f"exporting the encoder in {source} took longer than {_EXPORT_SECONDS} s; try again "
            "on a quieter machine"
        ) from error
    if done.returncode != 0:
        raise OperatorError(
            f"the encoder in {source} cannot be exported: {_last_line(done.stderr)}"
        )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "the exporting process gave no reason"
