"""Which files a run depends on, so that an edit of one makes it worth running again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from eval.run.assemble import settings_of
from eval.run.request import RunRequest
from eval.run.suite import load_suite
from intent.bootstrap.application import Application
from intent.bootstrap.llm import build_prompt
from intent.bootstrap.resources import locate
from intent.model.errors import IntentError

_OF_PROMPTS = ("aliases.yaml", "models.yaml", "calibration.yaml")


def digests(request: RunRequest, before: Mapping[Path, str] | None = None) -> dict[Path, str]:
    """Return the hash of every file whose bytes can change what the run decides.

    Args:
        before: the files of an earlier look, which stand while a file that names others (such as
            the prompt, which names its examples) cannot be read.
    """
    try:
        files = list(_files(request))
    except IntentError:
        files = list(before or ())
    return {path: _digest(path) for path in files}


def _files(request: RunRequest) -> Iterable[Path]:
    suite, settings = load_suite(request.suite), settings_of(request)
    app = Application(settings)
    by = request.by or suite.by
    yield request.suite
    yield app.prompts / "taxonomy.yaml"
    if by != "local":
        prompt = build_prompt(app, request.prompt or suite.prompt)
        yield prompt.path
        yield prompt.path.parent / prompt.front.examples
        yield from (app.prompts / name for name in _OF_PROMPTS)
    if by == "cascade":
        yield app.prompts / "route.yaml"
    if by != "llm":
        model = request.model or settings.model_dir or locate("models") / "lead_intent"
        yield from sorted(path for path in model.rglob("*") if path.is_file())


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "missing"
