"""Builds what decides histories on Spark: each task loads the local model, with one thread."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from intent.bootstrap.application import Application, open_application
from intent.bootstrap.deciding import build_classifier

if TYPE_CHECKING:
    from intent.operations.spark_history import Deciding
    from intent.ports.deciding import Classifier


def build_history(app: Application, *, model_dir: Path | None = None) -> Deciding:
    """Build what travels to the tasks: where the model is, and no other setting, for secrets stay
    here.
    """
    from intent.classify.cache import remembered_as
    from intent.classify.contact_forms import ContactFinder
    from intent.operations.spark_history import Deciding

    settings = app.settings
    load = partial(
        load_in_task,
        model_dir=model_dir or settings.model_dir,
        prompts_dir=settings.prompts_dir,
        encoder=settings.encoder,
        cache_size=settings.cache_size,
    )
    return Deciding(load, remembered_as, ContactFinder())


def load_in_task(
    *, model_dir: Path | None, prompts_dir: Path | None, encoder: str | None, cache_size: int
) -> Classifier:
    """Load what a worker decides with, with one thread: a core is what a task is given.

    Raises:
        OperatorError: model or encoder are missing where the task runs.
    """
    from intent.bootstrap.settings import Settings
    from intent.classify.stored_slots import StoredSlots

    settings = Settings(
        model_dir=model_dir,
        prompts_dir=prompts_dir,
        encoder=encoder,
        cache_size=cache_size,
        threads=1,
    )
    return StoredSlots(build_classifier(open_application(settings)))
