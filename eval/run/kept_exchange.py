"""A connection to an LLM that is asked something else than to decide messages: paid from the run's
purse, its answers kept in the same response store.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from eval.run.assemble import NOWHERE, opened_store, settings_of
from eval.run.replies import RunLedger, RunReplies, refuse
from eval.run.request import RunRequest
from eval.run.servers import server_asked
from intent.bootstrap.application import Application
from intent.bootstrap.llm import build_exchange
from intent.classify.llm.books import About
from intent.classify.llm.kept import KEPT, as_kept, from_kept
from intent.classify.llm.models import Model
from intent.model.attempt import Outcome
from intent.model.completion import Completion, Request

SECONDS = 180.0
"""For one answer, whatever it takes."""


class KeptExchange:
    """Sends requests and keeps what was paid for; used by several threads at once."""

    def __init__(
        self, request: RunRequest, purpose: str, model: str | None, shaped: Callable[[str], bool]
    ) -> None:
        """Connect; nothing is sent yet.

        Args:
            purpose: what it is asked for, in the ledger.
            model: id of the LLM; None for the one that the run's prompt or INTENT_LLM_MODEL names.
            shaped: says of a text whether it has the shape that was asked for.

        Raises:
            OperatorError: no LLM is configured, or nobody knows what the model costs.
        """
        settings = settings_of(request)
        known: dict[str, object] = {"llm_timeout": SECONDS}
        if request.offline:
            known["llm_base_url"] = NOWHERE
        if model or request.llm:
            known["llm_model"] = model or request.llm
        self._ledger, self._purpose = RunLedger(request.purse), purpose
        self._exchange = build_exchange(
            Application(settings.model_copy(update=known)),
            self._ledger,
            prompt=request.prompt or "production",
            allow=refuse if request.offline else request.purse.reserve,
            measured=True,
            shaped=shaped,
        )
        self._closing = ExitStack()
        kept = opened_store(request, settings, self._closing)
        self.server = server_asked(kept, settings.llm_base_url, offline=request.offline)
        self._replies = RunReplies(kept, self.server)
        self._salt = f"fresh {request.out.resolve()}" if request.fresh else ""

    @property
    def model(self) -> Model:
        """The LLM that is asked."""
        return self._exchange.model

    def known(self, request: Request) -> Completion | None:
        """Return how a request ended that was sent before, or None."""
        self._replies.begin(self._salt)
        kept = self._replies.find([request.digest]).get(request.digest)
        return None if kept is None else from_kept(kept)

    def ask(self, request: Request) -> Completion:
        """Return how the request ended: from the store where it was sent before.

        Raises:
            LlmUnavailable, LlmForbidden, BudgetSpent: it cannot be asked now.
            OperatorError: the run is offline and the store lacks it.
        """
        known = self.known(request)
        if known is not None:
            return known
        self._ledger.begin()
        about = About(self._purpose, "", "", self._purpose, 1)
        completion = self._exchange.ask(request, about, self._exchange.clock() + SECONDS)
        if completion.outcome is Outcome.ANSWERED or completion.outcome in KEPT:
            self._replies.keep({request.digest: as_kept(completion)})
        return completion

    def close(self) -> None:
        """Close the response store."""
        self._closing.close()
