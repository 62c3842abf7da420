"""Builds what decides: the local model, the cache before it, the cascade, and the worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from intent.bootstrap.application import Application
from intent.bootstrap.failpoint import failpoint
from intent.bootstrap.resources import locate
from intent.telemetry import logger

if TYPE_CHECKING:
    from intent.classify.local.classifier import LocalClassifier as Local
    from intent.flow.worker import Worker, WorkReport
    from intent.model.decision import Decision
    from intent.ports.deciding import Classifier


def build_local(app: Application, *, model_dir: Path | None = None) -> Local:
    """Load the local model: the one that ships, the setting's, or the folder given.

    Raises:
        OperatorError: the model or its encoder is missing or was changed.
    """
    from intent.classify.local.classifier import LocalClassifier
    from intent.classify.local.modelfile import load_model

    settings = app.settings
    directory = model_dir or settings.model_dir or locate("models") / "lead_intent"
    of_other_labels = model_dir is not None and load_model(model_dir).description.taxonomy is None
    return LocalClassifier.load(
        directory,
        taxonomy=None if of_other_labels else app.taxonomy,
        cache_dir=settings.cache_dir,
        encoder=settings.encoder,
        threads=settings.threads,
    )


def build_classifier(app: Application) -> Classifier:
    """Build what decides first: the cache before the local model."""
    from intent.classify.cache import CachedClassifier

    local = build_local(app)
    if app.settings.cache_size == 0:
        return local
    return CachedClassifier(local, local.slots, capacity=app.settings.cache_size)


def llm_is_on(app: Application) -> bool:
    """Say whether an LLM is configured: a server, or a key for the usual one."""
    return app.settings.llm_base_url is not None or app.settings.llm_api_key is not None


def build_unsure(app: Application) -> Callable[[Decision], bool]:
    """Return what says of a local decision whether the LLM is worth asking; without an LLM it never
    is.
    """
    if not llm_is_on(app):
        logger("llm").info(
            "the LLM is off: local decisions stand; set INTENT_LLM_BASE_URL or INTENT_LLM_API_KEY "
            "to switch it on"
        )
        return lambda decision: False
    from intent.classify.route import expected_cost, load_route

    taxonomy, route = app.taxonomy, load_route(app.prompts / "route.yaml")
    return lambda decision: expected_cost(decision, taxonomy) > route.ask_above


def build_worker(
    app: Application,
    stop: Event,
    progress: Callable[[WorkReport], None],
    *,
    classifier: Classifier,
    unsure: Callable[[Decision], bool] = lambda decision: False,
) -> Worker:
    """Build the worker over the application's database.

    Args:
        unsure: says of a local decision whether the LLM is to be asked.
    """
    from intent.classify.stored_slots import StoredSlots
    from intent.flow.metered import WorkMeter
    from intent.flow.worker import Worker, WorkerPolicy
    from intent.queues.lane import SqlLane
    from intent.store.decisions import SqlDecisions

    settings = app.settings
    app.database.leave_with(stop)
    policy = WorkerPolicy(
        batch_count=settings.batch_count,
        batch_bytes=settings.batch_bytes,
        batch_age=settings.batch_age,
        attempts=settings.attempts,
        retry_delay=settings.retry_delay,
        outage_delay_most=settings.outage_delay_most,
    )
    return Worker(
        app.inbox,
        StoredSlots(classifier),
        app.database,
        SqlDecisions(),
        app.features,
        SqlLane(app.database),
        unsure=unsure,
        policy=policy,
        stop=stop,
        step=failpoint(settings.failpoint),
        progress=progress,
        told=WorkMeter(app.meter, app.tracer),
    )
