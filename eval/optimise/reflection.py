"""The connection over which an LLM reflects: paid from the same purse, kept in the same response
store.
"""

from __future__ import annotations

import dataclasses

from eval.run.kept_exchange import KeptExchange
from eval.run.request import RunRequest
from intent.model.attempt import Outcome
from intent.model.completion import Request


class Reflection:
    """Asks an LLM for edits."""

    def __init__(self, request: RunRequest, prompt: str, model: str | None) -> None:
        """Connect; nothing is sent yet.

        Args:
            model: id of the LLM; None for the one that the prompt or INTENT_LLM_MODEL names.

        Raises:
            OperatorError: no LLM is configured, or nobody knows what the model costs.
        """
        asked = dataclasses.replace(request, prompt=prompt)
        self._exchange = KeptExchange(asked, "optimise", model, lambda text: "{" in text)

    @property
    def model(self) -> str:
        """Id of the LLM."""
        return self._exchange.model.id

    def ask(self, request: Request) -> str:
        """Return the text of the answer; empty where it was refused, filtered or cut.

        Raises:
            LlmUnavailable, LlmForbidden, BudgetSpent: it cannot be asked now.
        """
        completion = self._exchange.ask(request)
        return completion.text if completion.outcome is Outcome.ANSWERED else ""

    def close(self) -> None:
        """Close the response store."""
        self._exchange.close()
