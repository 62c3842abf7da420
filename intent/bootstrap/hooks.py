"""Builds what tells receivers of leads, and what is done with hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

from intent.bootstrap.application import Application
from intent.bootstrap.failpoint import failpoint
from intent.bootstrap.keyfile import load_keys
from intent.model.errors import IntentError, Later, OperatorError, Stopping

if TYPE_CHECKING:
    from intent.flow.deliver import Deliverer, DeliverReport
    from intent.hooks.courier import HookCourier
    from intent.hooks.signing import Signer


LEAVING = 2.0
"""Seconds that running posts get when the process leaves that they run beside."""


def build_signer(app: Application, *, make: bool = False) -> Signer:
    """Build what secrets are derived and signed with; the key is read once it is needed.

    Args:
        make: make the key file where there is none, and where nothing needs the one that was there.
    """
    from intent.hooks.signing import Signer

    def key() -> bytes:
        fresh = make and _is_fresh(app)
        return load_keys(app.settings, app.database, make=fresh).tombstones

    return Signer(key)


def _is_fresh(app: Application) -> bool:
    from intent.store.hooks import SqlHooks

    with app.database.read() as connection:
        buried = not app.tombstones.none(connection)
    return not buried and not SqlHooks(app.database).all()


def build_courier(app: Application) -> HookCourier:
    """Build what brings one event to one receiver."""
    from intent.hooks.courier import HookCourier
    from intent.hooks.post import HookPost

    return HookCourier(build_signer(app), HookPost(seconds=app.settings.hook_timeout))


def build_deliverer(
    app: Application, stop: Event, progress: Callable[[DeliverReport], None] = lambda report: None
) -> Deliverer:
    """Build the loop that tells receivers; nothing is sent yet.

    Raises:
        OperatorError: a lease would end while its post is running.
    """
    from intent.flow.deliver import Deliverer, DeliverPolicy
    from intent.hooks.metered_courier import MeteredCourier
    from intent.hooks.patience import TrySchedule
    from intent.queues.hook_deliveries import SqlHookDeliveries

    settings = app.settings
    if settings.hook_lease < 2 * settings.hook_timeout:
        raise OperatorError(
            "INTENT_HOOK_LEASE must be at least twice INTENT_HOOK_TIMEOUT, or a delivery would be "
            "sent again while it is being sent"
        )
    app.database.leave_with(stop)
    step = failpoint(settings.failpoint)
    schedule = TrySchedule(
        tries=settings.hook_attempts,
        first=settings.hook_retry_delay,
        most=settings.hook_retry_delay_most,
    )
    return Deliverer(
        SqlHookDeliveries(app.database, lease=settings.hook_lease, step=step),
        MeteredCourier(build_courier(app), app.meter, app.tracer),
        policy=DeliverPolicy(threads=settings.hook_threads, schedule=schedule),
        stop=stop,
        step=step,
        progress=progress,
    )


@contextmanager
def delivering(app: Application) -> Iterator[None]:
    """Tell receivers in a thread of its own for each shard while the block runs, over connections
    of its own; whatever happens to it, the block goes on.

    What is on its way when the block ends gets :data:`LEAVING` seconds, and is sent again when its
    lease ends.
    """
    with ExitStack() as opened:
        for one in app.named_databases:
            opened.enter_context(_delivering(one))
        yield


@contextmanager
def _delivering(app: Application) -> Iterator[None]:
    from intent.retry import retry_until_available
    from intent.telemetry import logger

    own, stop, log = Application(app.settings), Event(), logger("hooks")
    own.tracer = app.tracer

    def waiting(seconds: float, error: Later) -> None:
        log.warning("waiting", seconds=seconds, error=str(error))

    def run() -> None:
        try:
            deliverer = retry_until_available(
                lambda: build_deliverer(own, stop), stop=stop, delay=0.2, most=10.0, waiting=waiting
            )
            deliverer.run()
        except Stopping:
            return
        except IntentError as error:
            log.error("receivers are told nothing more", error=str(error))

    thread = Thread(target=run, name="deliverer", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(LEAVING)
