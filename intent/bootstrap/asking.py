"""Builds the ask lane, the asker, and the cascade that asks at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from threading import Event
from typing import TYPE_CHECKING

from intent.bootstrap.application import Application
from intent.bootstrap.deciding import build_unsure
from intent.bootstrap.failpoint import failpoint
from intent.bootstrap.llm import build_answerer, build_exchange
from intent.model.errors import OperatorError

if TYPE_CHECKING:
    from intent.bootstrap.settings import Settings
    from intent.classify.llm.exchange import Exchange
    from intent.flow.asker import Asker
    from intent.flow.asking import AskPolicy, AskReport
    from intent.ports.asking import Answerer, Ledger, Replies
    from intent.ports.deciding import Classifier
    from intent.queues.lane import SqlLane


def build_lane(app: Application) -> SqlLane:
    """Build the ask lane.

    Raises:
        OperatorError: a lease would end while its call is still running.
    """
    from intent.queues.lane import SqlLane

    if app.settings.ask_lease < 2 * app.settings.llm_deadline:
        raise OperatorError(
            "INTENT_ASK_LEASE must be at least twice INTENT_LLM_DEADLINE, or a call would be made "
            "again while it is running"
        )
    return SqlLane(app.database, lease=app.settings.ask_lease)


def build_cascade(app: Application, local: Classifier, *, everything: bool) -> Classifier:
    """Build what decides at once and stores nothing: the local model, and the LLM where it is worth
    asking, or for ``everything``.

    Raises:
        OperatorError: no LLM is configured, or nobody knows what the model costs.
    """
    from intent.classify.cascade import Cascade, NoBooks

    books = NoBooks()
    unsure = (lambda decision: True) if everything else build_unsure(app)
    return Cascade(local, build_answerer(app, books, books), unsure, insists=everything)


def build_asker(app: Application, stop: Event, progress: Callable[[AskReport], None]) -> Asker:
    """Build the asker over one database; nothing is sent yet.

    Raises:
        OperatorError: no LLM is configured, or nobody knows what the model costs.
        TemplateError: the production prompt is wrong.
    """
    from intent.classify.llm.budget import LedgerBudget
    from intent.flow.asker import Asker
    from intent.store.decisions import PRODUCTION, SqlDecisions
    from intent.store.history import SqlHistory
    from intent.store.ledger import SqlLedger, SqlReplies

    settings = app.settings
    app.database.leave_with(stop)
    ledger, replies = SqlLedger(app.database), SqlReplies(app.database)
    budget = LedgerBudget(ledger, hour=settings.llm_budget_hour, day=settings.llm_budget_day)
    exchange = build_exchange(app, ledger, allow=budget.reserve, stop=stop)

    answerers = _answerers(app, ledger, replies, exchange, stop)
    answerers(
        PRODUCTION
    )  # what is wrong with the production prompt is said before anything is asked
    return Asker(
        build_lane(app),
        SqlHistory(app.database, count=settings.ask_before),
        answerers,
        app.database,
        SqlDecisions(),
        app.features,
        exchange.breaker,
        policy=_policy(settings),
        stop=stop,
        step=failpoint(settings.failpoint),
        tend=lambda: replies.forget(settings.llm_reply_age),
        abandon=exchange.books.abandon,
        progress=progress,
        meter=app.meter,
        tracer=app.tracer,
    )


def _answerers(
    app: Application, ledger: Ledger, replies: Replies, exchange: Exchange, stop: Event
) -> Callable[[str], Answerer]:
    """Return what says who answers for a run, by its name; each is built once."""
    from intent.store.decisions import PRODUCTION
    from intent.store.runs import SqlRuns

    @cache
    def answerer(run: str) -> Answerer:
        known = None if run == PRODUCTION else SqlRuns(app.database).find(run)
        built = build_answerer(
            app,
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

    return answerer


def _policy(settings: Settings) -> AskPolicy:
    from intent.flow.asking import AskPolicy

    return AskPolicy(
        batch_count=settings.llm_batch,
        gather=settings.ask_gather,
        threads=settings.ask_threads,
        attempts=settings.ask_attempts,
        live_age=settings.ask_live_age,
        leave=settings.ask_leave,
    )
