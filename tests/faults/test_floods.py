"""Clients that never wait send more than may wait; what they were told is stored is decided, and the
rest was refused before it was read in.
"""

from __future__ import annotations

from threading import Lock, Thread
from typing import Any

import httpx2
import pytest

from tests.fault_tries import Tries
from tests.faults.children import until, work
from tests.faults.fault_house import FaultHouse
from tests.serving import running, service_on

pytestmark = [pytest.mark.slow, pytest.mark.fault("flood")]

MOST, CLIENTS, EACH = 200, 8, 5
SAID = {
    "platform": "tiktok",
    "room_id": "live-1",
    "user_id": "u-1",
    "kind": "comment",
    "text": "chatter wa 0812-7777-0001",
    "sent_at": "2026-11-20T20:00:00+08:00",
}


class Crowd:
    """Clients that post without a pause; ``answers`` counts statuses, ``stored`` holds what they
    were told is stored.
    """

    def __init__(self, place: str, posts: int) -> None:
        self.answers: dict[int, int] = {}
        self.stored: set[str] = set()
        self._lock = Lock()
        self._threads = [
            Thread(target=self._post, args=(place, client, posts)) for client in range(CLIENTS)
        ]
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        """Wait until all have posted."""
        for thread in self._threads:
            thread.join()

    def _post(self, place: str, client: int, posts: int) -> None:
        with httpx2.Client(timeout=60) as http:
            for number in range(posts):
                ids = [f"m-{client}-{number}-{each}" for each in range(EACH)]
                body: list[dict[str, Any]] = [{**SAID, "message_id": one} for one in ids]
                answer = http.post(f"{place}/v1/messages", json=body)
                with self._lock:
                    self.answers[answer.status_code] = self.answers.get(answer.status_code, 0) + 1
                    if answer.status_code == 202:
                        self.stored.update(ids)
                    else:
                        assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "posts", [20, pytest.param(400, marks=[pytest.mark.soak, pytest.mark.timeout(7_200)])]
)
def test_in_a_flood_what_was_accepted_is_decided_and_the_rest_is_told_to_come_again(
    posts: int, sqlite_house: FaultHouse, tries: Tries
) -> None:
    house = sqlite_house
    chosen = {name: house.settings[name] for name in ("vault_key", "key_file")}
    service = service_on(
        house.database.url,
        serve_waiting_most=MOST,
        serve_requests_per_minute=10_000_000,
        **chosen,
    )
    worker = house.child(work, drain=False, seconds=0.05)
    with running(service) as server:
        crowd = Crowd(server.url, posts)
        crowd.wait()
        assert httpx2.get(f"{server.url}/livez").status_code == 200
    assert set(crowd.answers) <= {202, 429, 503}
    assert crowd.answers.get(202, 0) > 0
    assert sum(crowd.answers.values()) == posts * CLIENTS
    until(lambda: house.app.inbox.waiting() == 0)
    worker.process.terminate()
    assert worker.ended() == 0
    house.sent.update(dict.fromkeys(crowd.stored))
    tries.add(house.reckoned(), tried=posts * CLIENTS)
