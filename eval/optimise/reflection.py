"""The connection over which an LLM reflects: paid from the same purse, kept in the same response
store.
"""

from __future__ import annotations

from eval.run.assemble import settings_of
from eval.run.replies import RunLedger, refuse
from eval.run.request import RunRequest
from intent.bootstrap.application import Application, migrations_dir, open_database, sqlite_url
from intent.bootstrap.llm import build_exchange
from intent.classify.llm.books import About
from intent.classify.llm.kept import as_kept, from_kept
from intent.model.attempt import Outcome
from intent.model.completion import Request
from intent.store.access import Access
from intent.store.ledger import SqlReplies
from intent.store.migrate import migrate

SECONDS = 180.0
"""For one answer, whatever it takes."""


class Reflection:
    """Asks an LLM for edits."""

    def __init__(self, request: RunRequest, prompt: str, model: str | None) -> None:
        """Connect; nothing is sent yet.

        Args:
            model: id of the LLM; None for the one that the prompt or INTENT_LLM_MODEL names.

        Raises:
            OperatorError: no LLM is configured, or nobody knows what the model costs.
        """
        chosen = model or request.llm
        settings = settings_of(request).model_copy(update={"llm_timeout": SECONDS})
        if chosen is not None:
            settings = settings.model_copy(update={"llm_model": chosen})
        self._ledger = RunLedger(request.purse)
        allow = refuse if request.offline else request.purse.reserve
        self._exchange = build_exchange(
            Application(settings),
            self._ledger,
            prompt=prompt,
            allow=allow,
            measured=True,
            shaped=lambda text: "{" in text,
        )
        request.store.parent.mkdir(parents=True, exist_ok=True)
        kept = settings.model_copy(update={"database_url": sqlite_url(request.store)})
        self._database = open_database(kept, Access.CREATE, checked=False)
        migrate(self._database, migrations_dir())
        self._replies = SqlReplies(self._database)

    @property
    def model(self) -> str:
        """Id of the LLM."""
        return self._exchange.model.id

    def ask(self, request: Request) -> str:
        """Return the text of the answer; empty where it was refused, filtered or cut.

        Raises:
            LlmUnavailable, LlmForbidden, BudgetSpent: it cannot be asked now.
        """
        known = self._replies.find([request.digest]).get(request.digest)
        if known is not None:
            return from_kept(known).text
        self._ledger.begin()
        about = About("optimise", "", "", "reflection", 1)
        completion = self._exchange.ask(request, about, self._exchange.clock() + SECONDS)
        if completion.outcome is not Outcome.ANSWERED:
            return ""
        self._replies.keep({request.digest: as_kept(completion)})
        return completion.text

    def close(self) -> None:
        """Close the response store."""
        self._database.close()
