"""What can go wrong, sorted by who can do something about it.

::

    IntentError
    ├── Later                the environment: wait, then the same call may work;
    │   │                    nothing healthy becomes a dead letter for it
    │   ├── StoreUnavailable     the database is away, locked, full or wants it repeated
    │   │   ├── OtherShards          rooms are told apart by another number of shards by now
    │   │   ├── ShardAway            some shards are away, and what is asked for may be in them
    │   │   └── NoShardYet           a database is named that is to become a shard
    │   ├── ClassifierUnavailable the classifier fails for every message, good ones too
    │   ├── LlmUnavailable       the LLM server is away, slow, or asks us to wait
    │   ├── SourceLost           a source lost its platform: somebody connects again, with jitter
    │   ├── Busy                 more waits to be decided or stored than may wait
    │   ├── BudgetSpent          the hour's or the day's money for the LLM is spent
    │   └── Stopping             the process was asked to leave
    ├── MessageError         the message itself: it becomes a dead letter with its reason
    │   ├── Malformed            refused at the door
    │   └── Undecidable          the classifier cannot decide this one
    ├── TemplateError        a file under prompts/: the file and the mend are named
    └── OperatorError        the operator: settings, files, migrations; one sentence of remedy
        ├── WrongUse             a word of the command line or a setting is wrong: nothing was tried
        │   ├── StartAgain           a cursor leads nowhere any more: read again from the start
        │   └── UnknownLead          there is no such lead; it may have been erased
        ├── LeadConflict         somebody else was first with a lead: look again, then decide
        └── LlmForbidden         quota, key or request were refused: the operator must mend it
"""

from collections.abc import Sequence
from datetime import datetime


class IntentError(Exception):
    """Root of every error that this package raises on purpose."""


class Later(IntentError):
    """The environment failed; the same call may work later."""


class StoreUnavailable(Later):
    """The database did not take the statement: away, locked, full, or the transaction must be
    repeated.
    """


class OtherShards(StoreUnavailable):
    """The database is one of another number of shards than whoever puts believes; ``members`` is
    how many there are.
    """

    def __init__(self, members: int) -> None:
        remedy = "name all of them in INTENT_DATABASE_URL, and start this process again"
        super().__init__(f"this database is one of {members} shards: {remedy}")
        self.members = members


class ShardAway(StoreUnavailable):
    """Some shards are away, and what is asked for may be in them; ``numbers`` says which."""

    def __init__(self, numbers: Sequence[int]) -> None:
        named = ", ".join(map(str, numbers))
        which = f"shard {named} is" if len(numbers) == 1 else f"shards {named} are"
        super().__init__(f"{which} away, and what was asked for may be there; try again")
        self.numbers = tuple(numbers)


class NoShardYet(StoreUnavailable):
    """A database is named behind the shards and is none yet, or they do not know of it: whoever
    brings messages waits until somebody adds it.
    """


class ClassifierUnavailable(Later):
    """The classifier fails even for a message that is known to be good."""


class LlmUnavailable(Later):
    """The LLM server is away, slow or asks us to wait; ``wait`` is how long, in seconds, if it said
    so.
    """

    def __init__(self, text: str, wait: float | None = None) -> None:
        super().__init__(text)
        self.wait = wait


class SourceLost(Later):
    """A source lost the connection to what it reads, or its program ended; ``wait`` is how long to
    leave it alone, in seconds, if the platform said so.
    """

    def __init__(self, text: str, wait: float | None = None) -> None:
        super().__init__(text)
        self.wait = wait


class Busy(Later):
    """More waits than may wait; ``wait`` is how long to leave us alone, in seconds."""

    def __init__(self, text: str, wait: float) -> None:
        super().__init__(text)
        self.wait = wait


class BudgetSpent(Later):
    """The money for the LLM is spent for now; ``wait`` is the time in seconds until there is some
    again.
    """

    def __init__(self, text: str, wait: float) -> None:
        super().__init__(text)
        self.wait = wait


class Stopping(Later):
    """The process was asked to leave before the work was done."""


class MessageError(IntentError):
    """One message is to blame."""


class Malformed(MessageError):
    """A message was refused at the door; the text says why, without quoting the payload."""


class Undecidable(MessageError):
    """The classifier cannot decide this one message."""


class TemplateError(IntentError):
    """A file under prompts/ is wrong."""


class OperatorError(IntentError):
    """A setting, a file or a database is not as it must be; the text names the cause and the
    remedy.
    """


class WrongUse(OperatorError):
    """A word of the command line or a setting is wrong; the text says what is right."""


class StartAgain(WrongUse):
    """A cursor is none of this database, or what came behind it is not kept any more; whoever reads
    starts again without one.
    """


class UnknownLead(WrongUse):
    """There is no such lead; it may have been erased."""


class LeadConflict(OperatorError):
    """A lead is not as whoever acts believes: somebody was first, or it is a lead no more.

    Attributes:
        state, version: what it is now.
        acted_by, acted_at: who handled it last, and when; None where nobody did.
    """

    def __init__(
        self,
        text: str,
        *,
        state: str,
        version: int,
        acted_by: str | None,
        acted_at: datetime | None,
    ) -> None:
        super().__init__(text)
        self.state, self.version, self.acted_by, self.acted_at = state, version, acted_by, acted_at


class LlmForbidden(OperatorError):
    """The LLM server refuses our key, quota or request; asking again changes nothing."""
