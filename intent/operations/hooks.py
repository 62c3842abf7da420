"""Who is told of leads: add a receiver, let it sleep, change its secret, try it, tell it again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event
from urllib.parse import urlsplit

from intent.hooks.courier import HookCourier
from intent.hooks.destination import check_destination
from intent.hooks.signing import Signer
from intent.model.errors import WrongUse
from intent.model.hook import (
    Answered,
    DeliveryState,
    Hook,
    HookEvent,
    HookFigures,
    HookFilter,
    HookState,
)
from intent.model.taxonomy import Taxonomy
from intent.queues.hook_history import (
    PushedBefore,
    read_deliveries,
    read_figures,
    replay_deliveries,
    replay_leads,
)
from intent.store.columns import MILLION
from intent.store.engine import Database
from intent.store.hooks import SqlHooks

PUSHED = tuple(event for event in HookEvent if event is not HookEvent.TEST)
"""What a hook may ask for."""

LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class HookAsked:
    """What somebody who adds a hook asks for; empty is everything, but for ``events``.

    Attributes:
        events: kinds of events, such as ``found``; by default that alone.
        minimum: smallest lead probability, 0 to 1.
    """

    events: Sequence[str] = ()
    intents: Sequence[str] = ()
    rooms: Sequence[str] = ()
    minimum: float = 0.0


@dataclass(frozen=True, slots=True)
class HookWithSecret:
    """A hook, and its secret, which is shown this once."""

    hook: Hook
    secret: str


def add_hook(
    database: Database,
    signer: Signer,
    taxonomy: Taxonomy,
    url: str,
    *,
    name: str | None = None,
    asked: HookAsked = HookAsked(),
    allow_private: bool = False,
) -> HookWithSecret:
    """Tell a receiver of leads from now on.

    Args:
        name: what people call it; by default the host of its address.
        allow_private: it may be in our own network, and be spoken to without TLS.

    Raises:
        WrongUse: the address, the name, an intent or an event is wrong, or the name is taken.
        OperatorError: the key file cannot be read or made.
    """
    check_destination(url, allow_private=allow_private)
    called = urlsplit(url).hostname or url if name is None else name
    if not called.strip() or len(called) > LONGEST_NAME or not called.isprintable():
        raise WrongUse(f"a name has 1 to {LONGEST_NAME} letters, on one line")
    hook = Hook(0, called, url, signer.salts(), _filter(asked, taxonomy), allow_private)
    secret = signer.secret(hook.salts)
    return HookWithSecret(SqlHooks(database).add(hook), secret)


def _filter(asked: HookAsked, taxonomy: Taxonomy) -> HookFilter:
    for intent in asked.intents:
        if intent not in taxonomy.leads:
            known = ", ".join(name for name in taxonomy.names if name in taxonomy.leads)
            raise WrongUse(f"{intent!r} is no lead intent; choose from: {known}")
    if not 0.0 <= asked.minimum <= 1.0:
        raise WrongUse("a probability lies between 0 and 1")
    events = tuple(dict.fromkeys(_event(word) for word in asked.events)) or (HookEvent.FOUND,)
    return HookFilter(
        events, tuple(asked.intents), tuple(asked.rooms), round(asked.minimum * MILLION)
    )


def _event(word: str) -> HookEvent:
    for event in PUSHED:
        if word in (event.value, event.value.removeprefix("lead.")):
            return event
    known = ", ".join(event.value.removeprefix("lead.") for event in PUSHED)
    raise WrongUse(f"{word!r} is no event of a lead; choose from: {known}")


def hook_figures(database: Database) -> list[HookFigures]:
    """Return all hooks with what became of what was pushed to them, in the order of adding."""
    return read_figures(database)


def hook_deliveries_of(
    database: Database, name: str, *, states: Sequence[DeliveryState] = (), limit: int = 20
) -> list[PushedBefore]:
    """Return the newest deliveries of a hook.

    Raises:
        WrongUse: there is no such hook.
    """
    return read_deliveries(database, SqlHooks(database).find(name), states=states, limit=limit)


def pause_hook(database: Database, name: str) -> Hook:
    """Send a receiver nothing; what changes meanwhile is sent when it goes on.

    Raises:
        WrongUse: there is no such hook.
    """
    hooks = SqlHooks(database)
    return hooks.put(hooks.find(name), HookState.PAUSED, "paused by hand")


def resume_hook(database: Database, name: str) -> Hook:
    """Go on sending, also to a receiver that had answered 410.

    Raises:
        WrongUse: there is no such hook.
    """
    hooks = SqlHooks(database)
    return hooks.put(hooks.find(name), HookState.ACTIVE)


def remove_hook(database: Database, name: str) -> Hook:
    """Forget a hook, with everything that was or is on its way to it.

    Raises:
        WrongUse: there is no such hook.
    """
    hooks = SqlHooks(database)
    hook = hooks.find(name)
    hooks.remove(hook)
    return hook


def rotate_secret(database: Database, signer: Signer, name: str, keep: timedelta) -> HookWithSecret:
    """Give a hook a new secret; everything is signed with both for as long as ``keep`` says.

    Raises:
        WrongUse: there is no such hook.
        OperatorError: the key file cannot be read or made.
    """
    hooks = SqlHooks(database)
    hook = hooks.renew(hooks.find(name), signer.salts(), keep)
    return HookWithSecret(hook, signer.secret(hook.salts))


def try_hook(database: Database, courier: HookCourier, name: str) -> Answered:
    """Send one event of a test now; nothing of it is kept.

    Raises:
        WrongUse: there is no such hook.
        OperatorError: its secret was made with another key.
    """
    return courier.test(SqlHooks(database).find(name))


def replay_hook(
    database: Database,
    name: str,
    *,
    dead: bool = False,
    webhook_ids: Sequence[str] = (),
    since: datetime | None = None,
    stop: Event | None = None,
    progress: Callable[[int], None] = lambda count: None,
) -> int:
    """Send again, with the same ids and all tries: what is dead, some deliveries, or the leads
    since then that stand; return how many are on their way.

    Raises:
        WrongUse: there is no such hook, or not exactly one of the three was asked for.
    """
    if dead + bool(webhook_ids) + (since is not None) != 1:
        raise WrongUse("say one of --dead, --id and --since")
    hook = SqlHooks(database).find(name)
    if since is None:
        return replay_deliveries(database, hook, None if dead else webhook_ids)
    count = 0
    for some in replay_leads(database, hook, since.astimezone(UTC)):
        count += some
        progress(count)
        if stop is not None and stop.is_set():
            break
    return count
