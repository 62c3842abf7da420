"""Tries to push a lead are told by how they ended and how long they took."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from intent.hooks.metered_courier import MeteredCourier
from intent.model.hook import Answered, HookDelivery, HookEvent, Telling
from intent.model.process_instruments import CHANGED_TO_PUSHED, HOOK_CALL, OF_PROCESSES
from intent.monitoring.prometheus import PrometheusMeter
from intent.ports.metering import UNTRACED
from tests.conftest import EPOCH


@pytest.mark.parametrize(
    ("answered", "outcome"),
    [
        (Answered(204), "delivered"),
        (Answered(500, "said 500"), "refused"),
        (Answered(410), "refused"),
        (Answered(None, "did not answer"), "unreachable"),
    ],
)
def test_a_try_is_told_by_its_outcome(answered: Answered, outcome: str) -> None:
    class Courier:
        def tell(self, delivery: HookDelivery, telling: Telling) -> Answered:
            return answered

    meter, clock = PrometheusMeter(OF_PROCESSES), iter([1.0, 4.0])
    courier = MeteredCourier(
        Courier(), meter, UNTRACED, clock=lambda: next(clock), now=lambda: EPOCH
    )
    at = EPOCH - timedelta(seconds=20)
    delivery = HookDelivery(1, "w", HookEvent.FOUND, "tiktok", "m", at, 1, 1, "t")
    assert courier.tell(delivery, cast("Any", None)) is answered
    page = meter.page()[0].decode()
    assert f'{HOOK_CALL.name}_sum{{outcome="{outcome}"}} 3.0' in page
    accepted = 20.0 if outcome == "delivered" else 0.0
    assert f"{CHANGED_TO_PUSHED.name}_sum {accepted}" in page
