"""Builds real objects from settings: the only file that knows every concrete class."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from pydantic import SecretStr

from intent.bootstrap.failpoint import failpoint
from intent.bootstrap.resources import locate
from intent.bootstrap.settings import Settings
from intent.features.definitions.definitions import Definitions, load_definitions
from intent.features.online.state import SqlFeatureState
from intent.flow.worker import Worker, WorkerPolicy, WorkReport
from intent.model.errors import OperatorError, StoreUnavailable
from intent.model.taxonomy import Taxonomy, load_taxonomy
from intent.queues.inbox import SqlInbox
from intent.queues.lane import SqlLane
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from intent.telemetry import logger

if TYPE_CHECKING:
    from intent.classify.llm.classifier import LlmAnswerer
    from intent.classify.llm.client import ChatClient
    from intent.classify.llm.exchange import Allow, Exchange
    from intent.classify.llm.models import Model, Prices
    from intent.classify.llm.prompt import Prompt
    from intent.model.decision import Decision
    from intent.ports.asking import Ledger, Replies
    from intent.ports.deciding import Classifier


def migrations_dir() -> Path:
    """Return the folder of the migrations."""
    return locate("migrations")


def build_taxonomy(settings: Settings) -> Taxonomy:
    """Read the taxonomy of the prompts folder."""
    return load_taxonomy(locate("prompts", settings.prompts_dir) / "taxonomy.yaml")


def groups(taxonomy: Taxonomy) -> dict[str, frozenset[str]]:
    """Return the taxonomy's groups of labels, which features count as if each were a label."""
    return {name: frozenset(members) for name, members in taxonomy.groups.items()}


def build_definitions(settings: Settings) -> Definitions:
    """Read the feature definitions, with the taxonomy's intents and groups as topics."""
    taxonomy = build_taxonomy(settings)
    return load_definitions(taxonomy.names, groups(taxonomy), own_sets=settings.feature_sets)


def open_database(settings: Settings, *, checked: bool = True) -> Database:
    """Open the database; a missing SQLite file is created and migrated.

    Args:
        checked: refuse a database that is not at the newest migration.

    Raises:
        OperatorError: the URL is wrong, the file cannot be made, or the migration does not fit.
        StoreUnavailable: the database is away.
    """
    from intent.store.migrate import is_empty, migrate, require_newest

    database = Database(settings.database_url.get_secret_value())
    file = database.engine.url.database if database.dialect == "sqlite" else None
    if file and not Path(file).absolute().parent.is_dir():
        raise OperatorError(
            f"the folder of the database {file} does not exist; create it, or give another "
            "INTENT_DATABASE_URL"
        )
    try:
        if database.dialect == "sqlite" and is_empty(database):
            migrate(database, migrations_dir())
        elif checked:
            require_newest(database, migrations_dir())
    except StoreUnavailable as error:
        raise StoreUnavailable(
            f"the database {database.place} cannot be opened ({error}); start it or make its "
            "folder writable, or set INTENT_DATABASE_URL"
        ) from error
    return database


def build_inbox(settings: Settings, database: Database) -> SqlInbox:
    """Build the inbox."""
    return SqlInbox(database, lease=settings.lease)


def build_local(settings: Settings, *, model_dir: Path | None = None) -> Classifier:
    """Load the local model: the one that ships, the setting's, or the folder given.

    Raises:
        OperatorError: the model or its encoder is missing or was changed.
    """
    from intent.classify.local.classifier import LocalClassifier
    from intent.classify.local.modelfile import load_model

    directory = model_dir or settings.model_dir or locate("models") / "lead_intent"
    of_other_labels = model_dir is not None and load_model(model_dir).description.taxonomy is None
    return LocalClassifier.load(
        directory,
        taxonomy=None if of_other_labels else build_taxonomy(settings),
        cache_dir=settings.cache_dir,
        encoder=settings.encoder,
        threads=settings.threads,
    )


def build_classifier(settings: Settings) -> Classifier:
    """Build what decides first: the cache before the local model."""
    from intent.classify.cache import CachedClassifier

    local = build_local(settings)
    if settings.cache_size == 0:
        return local
    return CachedClassifier(local, capacity=settings.cache_size)


def llm_is_on(settings: Settings) -> bool:
    """Say whether an LLM is configured: a server, or a key for the usual one."""
    return settings.llm_base_url is not None or settings.llm_api_key is not None


def build_prompt(settings: Settings, name: str = "production") -> Prompt:
    """Read a prompt by its alias or name.

    Raises:
        TemplateError: it is missing or wrong.
    """
    from intent.classify.llm.prompt import load_alias

    return load_alias(locate("prompts", settings.prompts_dir), name, build_taxonomy(settings))


def build_exchange(
    settings: Settings,
    ledger: Ledger,
    *,
    prompt: str = "production",
    allow: Allow | None = None,
    stop: Event | None = None,
) -> Exchange:
    """Connect to the LLM server; nothing is sent yet. Limits and breaker are the server's: build it
    once a process, for all answerers.

    Args:
        prompt: the prompt whose model is asked, where INTENT_LLM_MODEL names no other.
        allow: told before every call what it costs at most, in nanodollars; holds that until the
            call is booked, or raises BudgetSpent.
        stop: set to leave instead of waiting.

    Raises:
        OperatorError: no LLM is configured, or nobody knows what the model costs.
    """
    from intent.classify.llm.breaker import Breaker, BreakerPolicy
    from intent.classify.llm.exchange import Exchange, Patience
    from intent.classify.llm.limits import RateLimits
    from intent.classify.llm.models import sunset_warning

    if not llm_is_on(settings):
        raise OperatorError(
            "no LLM is configured; set INTENT_LLM_BASE_URL to an OpenAI-compatible server, or "
            "INTENT_LLM_API_KEY"
        )
    model = build_model(settings, build_prompt(settings, prompt))
    warning = sunset_warning(model, datetime.now(UTC).date())
    if warning:
        logger("llm").warning(warning)
    requests, tokens = (
        settings.llm_requests_per_minute or model.limits.requests,
        settings.llm_tokens_per_minute or model.limits.tokens,
    )
    return Exchange(
        _chat(settings, model),
        model,
        ledger,
        RateLimits(requests, tokens, stop=stop),
        Breaker(BreakerPolicy(slow=0.75 * settings.llm_timeout)),
        patience=Patience(call=settings.llm_timeout, attempts=settings.llm_attempts),
        allow=allow or (lambda nanodollars: nullcontext()),
        stop=stop,
    )


def build_answerer(
    settings: Settings,
    ledger: Ledger,
    replies: Replies,
    *,
    prompt: str = "production",
    exchange: Exchange | None = None,
    stop: Event | None = None,
) -> LlmAnswerer:
    """Build what asks the LLM with one prompt; without an ``exchange`` it gets one of its own, with
    one it still asks its own prompt's model.

    Raises:
        OperatorError: no LLM is configured, or nobody knows what the model costs.
        TemplateError: the prompt or its calibration is wrong.
    """
    from intent.classify.llm.calibration import load_calibration
    from intent.classify.llm.classifier import AnswererPolicy, LlmAnswerer

    exchange = exchange or build_exchange(settings, ledger, prompt=prompt, stop=stop)
    taxonomy, chosen = build_taxonomy(settings), build_prompt(settings, prompt)
    model = build_model(settings, chosen)
    if model != exchange.model:
        exchange = exchange.with_model(_chat(settings, model), model)
    path = locate("prompts", settings.prompts_dir) / "calibration.yaml"
    return LlmAnswerer(
        chosen,
        exchange,
        replies,
        taxonomy,
        load_calibration(path, taxonomy, prompt=chosen.identity, model=model.id),
        # Ids in requests must come out the same after a restart, and authors must not be able to
        # know them: the key is both, and the hash of it says nothing of it.
        secret=hashlib.sha256(
            f"ids:{_key(settings)}:{settings.database_url.get_secret_value()}".encode()
        ).digest(),
        policy=AnswererPolicy(messages=settings.llm_batch, deadline=settings.llm_deadline),
    )


def build_model(settings: Settings, prompt: Prompt) -> Model:
    """Look up the model that is asked with a prompt, with its prices and limits.

    Raises:
        OperatorError: nobody knows what it costs.
    """
    from intent.classify.llm.models import choose_model, load_models

    registry = load_models(locate("prompts", settings.prompts_dir) / "models.yaml")
    return choose_model(registry, settings.llm_model or prompt.front.model.id, _prices(settings))


def _chat(settings: Settings, model: Model) -> ChatClient:
    from intent.classify.llm.client import ChatClient
    from intent.classify.llm.dialect import Dialect

    return ChatClient(
        settings.llm_base_url,
        _key(settings),
        Dialect(schema=settings.llm_schema, marks_cache=model.cache == "explicit"),
    )


def _key(settings: Settings) -> str:
    # A server of one's own mostly wants none, and the client library insists on one.
    return settings.llm_api_key.get_secret_value() if settings.llm_api_key else "none"


def _prices(settings: Settings) -> Prices | None:
    from intent.classify.llm.models import Prices

    if settings.llm_price_input is None or settings.llm_price_output is None:
        return None
    return Prices(
        input=settings.llm_price_input,
        output=settings.llm_price_output,
        cached=settings.llm_price_cached,
        cache_write=settings.llm_price_cache_write,
    )


def build_worker(
    settings: Settings,
    database: Database,
    stop: Event,
    progress: Callable[[WorkReport], None],
    *,
    classifier: Classifier,
    unsure: Callable[[Decision], bool] = lambda decision: False,
) -> Worker:
    """Build the worker over one database; ``unsure`` says of a local decision whether the LLM is to
    be asked.
    """
    policy = WorkerPolicy(
        batch_count=settings.batch_count,
        batch_bytes=settings.batch_bytes,
        batch_age=settings.batch_age,
        attempts=settings.attempts,
        retry_delay=settings.retry_delay,
        outage_delay_most=settings.outage_delay_most,
    )
    return Worker(
        build_inbox(settings, database),
        classifier,
        database,
        SqlDecisions(),
        SqlFeatureState(groups(build_taxonomy(settings))),
        SqlLane(database),
        unsure=unsure,
        policy=policy,
        stop=stop,
        step=failpoint(settings.failpoint),
        progress=progress,
    )


def sqlite_url(path: Path) -> SecretStr:
    """Return the URL of an SQLite file."""
    return SecretStr(f"sqlite:///{path}")
