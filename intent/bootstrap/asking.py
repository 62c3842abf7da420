"""Builds the asker and what goes with it from settings, as bootstrap does the rest."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from threading import Event
from typing import TYPE_CHECKING

from intent.bootstrap.build import build_answerer, build_exchange, build_taxonomy, groups, llm_is_on
from intent.bootstrap.failpoint import failpoint
from intent.bootstrap.resources import locate
from intent.bootstrap.settings import Settings
from intent.classify.llm.budget import LedgerBudget
from intent.features.online.state import SqlFeatureState
from intent.flow.asker import Asker, AskPolicy, AskReport
from intent.model.errors import OperatorError
from intent.queues.lane import SqlLane
from intent.store.decisions import PRODUCTION, SqlDecisions
from intent.store.engine import Database
from intent.store.history import SqlHistory
from intent.store.ledger import SqlLedger, SqlReplies
from intent.store.runs import SqlRuns
from intent.telemetry import logger

if TYPE_CHECKING:
    from intent.model.decision import Decision
    from intent.ports.asking import Answerer
    from intent.ports.deciding import Classifier


def build_lane(settings: Settings, database: Database) -> SqlLane:
    """Build the ask lane.

    Raises:
        OperatorError: a lease would end while its call is still running.
    """
    if settings.ask_lease < 2 * settings.llm_deadline:
        raise OperatorError(
            "INTENT_ASK_LEASE must be at least twice INTENT_LLM_DEADLINE, or a call would be made "
            "again while it is running"
        )
    return SqlLane(database, lease=settings.ask_lease)


def build_unsure(settings: Settings) -> Callable[[Decision], bool]:
    """Return what says of a local decision whether the LLM is worth asking; without an LLM it never
    is.
    """
    if not llm_is_on(settings):
        logger("llm").info(
            "the LLM is off: local decisions stand; set INTENT_LLM_BASE_URL or INTENT_LLM_API_KEY "
            "to switch it on"
        )
        return lambda decision: False
    from intent.classify.route import expected_cost, load_route

    taxonomy = build_taxonomy(settings)
    route = load_route(locate("prompts", settings.prompts_dir) / "route.yaml")
    return lambda decision: expected_cost(decision, taxonomy) > route.ask_above


def build_cascade(settings: Settings, local: Classifier, *, everything: bool) -> Classifier:
    """Build what decides at once and stores nothing: the local model, and the LLM where it is worth
    asking, or for ``everything``.

    Raises:
        OperatorError: no LLM is configured, or nobody knows what the model costs.
    """
    from intent.classify.cascade import Cascade, NoBooks

    books = NoBooks()
    unsure = (lambda decision: True) if everything else build_unsure(settings)
    return Cascade(local, build_answerer(settings, books, books), unsure, insists=everything)


def build_asker(
    settings: Settings, database: Database, stop: Event, progress: Callable[[AskReport], None]
) -> Asker:
    """Build the asker over one database; nothing is sent yet.

    Raises:
        OperatorError: no LLM is configured, or nobody knows what the model costs.
        TemplateError: the production prompt is wrong.
    """
    ledger, replies = SqlLedger(database), SqlReplies(database)
    budget = LedgerBudget(ledger, hour=settings.llm_budget_hour, day=settings.llm_budget_day)
    exchange = build_exchange(settings, ledger, allow=budget.reserve, stop=stop)

    @cache
    def answerer(run: str) -> Answerer:
        known = None if run == PRODUCTION else SqlRuns(database).find(run)
        built = build_answerer(
            settings,
            ledger,
            replies,
            prompt=(known and known.prompt) or PRODUCTION,
            exchange=exchange,
            stop=stop,
        )
        if known is not None and built.versions.prompt != known.prompt_version:
            raise OperatorError(
                f"the prompt {known.prompt} has changed since the run {run!r} began; begin another "
                "one, or put the prompt back"
            )
        return built

    answerer(PRODUCTION)
    policy = AskPolicy(
        batch_count=settings.llm_batch,
        gather=settings.ask_gather,
        threads=settings.ask_threads,
        attempts=settings.ask_attempts,
        live_age=settings.ask_live_age,
        leave=settings.ask_leave,
    )
    return Asker(
        build_lane(settings, database),
        SqlHistory(database, count=settings.ask_before),
        answerer,
        database,
        SqlDecisions(),
        SqlFeatureState(groups(build_taxonomy(settings))),
        policy=policy,
        stop=stop,
        step=failpoint(settings.failpoint),
        tend=lambda: replies.forget(settings.llm_reply_age),
        progress=progress,
    )
