"""Handles a lead: take it, finish it, give it back, say that it is none, write something down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from intent.model.decision import UNMEASURED, DecidedBy, Decision, Versions
from intent.model.errors import WrongUse
from intent.model.lead import Handling, LeadAction, LeadState
from intent.model.taxonomy import Taxonomy
from intent.ports.features import FeatureState
from intent.ports.ingestion import Transaction
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from intent.store.lead_actions import (
    changes_anything,
    decision_before,
    is_known,
    lock_message,
    locked_lead,
    record,
)


@dataclass(frozen=True, slots=True)
class HandledLead:
    """A lead after something was done with it.

    Attributes:
        changed: False where it was so already, as after the same request twice.
        version: to be named as ``expected`` by who acts next.
        taken_by: who has it in hand, or had it last.
    """

    lead: str
    state: LeadState
    version: int
    taken_by: str | None
    changed: bool


class LeadDesk:
    """Where people handle leads; every action is one transaction."""

    def __init__(
        self,
        database: Database,
        features: FeatureState,
        taxonomy: Taxonomy,
        told: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare it.

        Args:
            told: called once something was done and is there for all to see.
        """
        self._told = told
        self._database, self._features, self._taxonomy = database, features, taxonomy
        self._decisions = SqlDecisions()

    def handle(self, request: Handling) -> HandledLead:
        """Do what is asked, once, whoever else asks at the same time.

        Raises:
            LeadConflict: somebody was first, or it is a lead no more; it says who and when.
            UnknownLead: there is no such lead.
            WrongUse: the action id was given to something else, or the label is none for it.
            StoreUnavailable: the database is away; the same request may be sent again.
        """
        self._require_label(request)
        with self._database.begin() as transaction:
            if is_known(transaction, request):
                return _as_it_is(transaction, request, changed=False)
            # Messages before leads, as everybody locks who decides.
            lock_message(transaction, request.platform, request.message_id)
            lead = locked_lead(transaction, request.platform, request.message_id)
            changed = changes_anything(transaction, request, lead)
            if changed:
                record(transaction, request, lead)
                self._decide(transaction, request, LeadState(lead["state"]))
            handled = _as_it_is(transaction, request, changed=changed)
        if changed:
            self._told()
        return handled

    def _decide(self, transaction: Transaction, request: Handling, state: LeadState) -> None:
        """Save what a person decided about the message by what they did with the lead."""
        corrected: Callable[[Decision], Decision]
        if request.action is LeadAction.NOT_A_LEAD:
            label = request.label

            def corrected(standing: Decision) -> Decision:
                return no_lead(standing, self._taxonomy, label)

        elif request.action is LeadAction.RELEASE and state is LeadState.NOT_A_LEAD:
            before = decision_before(transaction, request.platform, request.message_id)

            def corrected(_standing: Decision) -> Decision:
                return replace(before, decided_by=DecidedBy.HUMAN, from_cache=False, degraded=False)

        else:
            return
        identity = (request.platform, request.message_id)
        entries = self._decisions.correct(transaction, identity, corrected)
        self._features.add(transaction, self._decisions.save(transaction, entries))

    def _require_label(self, request: Handling) -> None:
        if request.label is None:
            return
        known = [name for name in self._taxonomy.names if name not in self._taxonomy.leads]
        if request.action is not LeadAction.NOT_A_LEAD or request.label not in known:
            raise WrongUse(f"a label says what it is instead of a lead, one of: {', '.join(known)}")


def no_lead(standing: Decision, taxonomy: Taxonomy, label: str | None = None) -> Decision:
    """Return a person's decision that a message is no lead.

    Args:
        label: what it is instead; by default what was next likely.
    """
    others = [name for name in taxonomy.names if name not in taxonomy.leads]
    chosen = label or max(others, key=lambda name: standing.probabilities.get(name, 0.0))
    return Decision(
        probabilities={name: float(name == chosen) for name in taxonomy.names},
        labels=(chosen,),
        lead_probability=0.0,
        is_lead=False,
        decided_by=DecidedBy.HUMAN,
        versions=Versions(
            taxonomy=taxonomy.version, prompt="none", model="none", calibration=UNMEASURED
        ),
    )


def _as_it_is(transaction: Transaction, request: Handling, *, changed: bool) -> HandledLead:
    row = locked_lead(transaction, request.platform, request.message_id)
    state = LeadState(row["state"])
    return HandledLead(request.lead, state, row["version"], row["taken_by"], changed)
