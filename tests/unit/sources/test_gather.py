"""What is read one by one comes in batches, and a pause hands on what was read."""

from __future__ import annotations

from intent.model.batch import Batch, Refused, Retraction
from intent.sources.gather import gathered
from tests.conftest import EPOCH, MakeMessage

GONE = Retraction("tiktok", "room-1", EPOCH, "m-1")
REFUSED = Refused("is no JSON", b"{", "0" * 64, "line 1")


def test_a_batch_is_handed_on_when_it_is_full_at_a_pause_and_at_the_end(
    make_message: MakeMessage,
) -> None:
    one, two, three = make_message(), make_message(), make_message()
    batches = list(gathered([one, REFUSED, two, None, None, three, GONE, GONE], most=2))
    assert batches == [
        Batch([one], [REFUSED]),
        Batch([two], []),
        Batch([], []),
        Batch([three], [], (GONE,)),
        Batch([], [], (GONE,)),
    ]


def test_only_an_empty_batch_is_false(make_message: MakeMessage) -> None:
    assert not Batch()
    assert Batch([make_message()])
    assert Batch(refused=[REFUSED])
