"""The arithmetic of what asking costs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.bench.asking_cost import fill, spelled_out
from eval.bench.cost import Bench, Sample
from eval.bench.verbs import read_sample
from intent.bootstrap.settings import Settings
from intent.classify.llm.models import Prices
from intent.model.decision import Decision
from intent.model.errors import OperatorError
from intent.model.message import Message, wire
from intent.model.taxonomy import Taxonomy
from intent.ports.deciding import Classifier
from tests.conftest import MakeDecision, MakeMessage

PRICES = Prices(input=1.0, cached=0.1, output=10.0)


class Unsure:
    """Decides by the text, and is unsure where it says so."""

    def __init__(self, make: MakeDecision) -> None:
        self.make = make
        self.versions = make().versions

    def classify(self, messages: list[Message]) -> list[Decision]:
        return [
            self.make("price_inquiry", lead_probability=0.5 if "unsure" in message.text else 1.0)
            for message in messages
        ]


@pytest.fixture
def bench(taxonomy: Taxonomy, make_decision: MakeDecision) -> Bench:
    classifier: Classifier = Unsure(make_decision)  # type: ignore[assignment]
    return Bench(Settings(), taxonomy, classifier)


def test_batches_share_one_prefix_and_cost_a_fraction(
    bench: Bench, make_message: MakeMessage
) -> None:
    sample = Sample([make_message(f"unsure {number}") for number in range(40)])
    single, batches = (
        bench.cost("a", sample, above=-1.0, batch=1),
        bench.cost("b", sample, above=-1.0),
    )
    assert (single.calls, single.batch, batches.calls, batches.batch) == (40, 1.0, 2, 20.0)
    assert (single.prefixes, batches.prefixes) == (1, 1)
    assert single.input_tokens > 10 * batches.input_tokens
    assert single.cached_tokens < single.input_tokens


def test_only_what_is_unsure_is_asked_and_the_rest_is_judged_beside_it(
    bench: Bench, make_message: MakeMessage
) -> None:
    messages = [
        make_message(f"unsure {number}" if number % 4 == 0 else "sure") for number in range(40)
    ]
    right = [
        ("chatter",) if message.text.startswith("unsure") else ("price_inquiry",)
        for message in messages
    ]
    cost = bench.cost("c", Sample(messages, right), above=0.3)
    assert (cost.share, cost.calls) == (0.25, 1)
    assert cost.settled.lead_f1 == 1.0
    assert cost.all.lead_f1 == pytest.approx(2 * 30 / (40 + 30))


def test_spelled_out_answers_and_missing_caches_are_dearer(
    bench: Bench, make_message: MakeMessage, taxonomy: Taxonomy
) -> None:
    sample = Sample([make_message("unsure") for _ in range(10)])
    decisions = bench.classifier.classify(list(sample.messages))
    single = bench.cost("a", sample, above=-1.0, batch=1)
    plain, cached = (
        spelled_out(single, decisions, PRICES, taxonomy.slots, cached=way) for way in (False, True)
    )
    assert plain.dollars == pytest.approx((plain.input_tokens + 10 * plain.output_tokens) / 1e6)
    assert plain.dollars - cached.dollars == pytest.approx(0.9 * single.cached_tokens / 1e6)
    assert plain.output_tokens > 2 * single.output_tokens


def test_at_live_pace_a_call_holds_what_its_room_gathered(make_message: MakeMessage) -> None:
    messages = [
        make_message(room_id=f"room-{number % 2}") for number in range(40)
    ]  # one a second, so one every other second in each room
    assert [fill(messages, gather) for gather in (1.0, 2.0, 10.0, 1000.0)] == [
        1.0,
        2.0,
        pytest.approx(40 / 8),
        20.0,
    ]
    assert fill(messages, 1000.0, most=10) == 10.0
    assert fill([], 1.0) == 0.0


def test_a_sample_grows_under_other_ids(make_message: MakeMessage) -> None:
    grown = Sample([make_message() for _ in range(3)], [("chatter",)] * 3).times(7)
    assert len({message.identity for message in grown.messages}) == 7
    assert grown.right is not None
    assert len(grown.right) == 7


def test_wire_messages_and_labelled_rows_are_both_samples(
    tmp_path: Path, make_message: MakeMessage
) -> None:
    path = tmp_path / "messages.jsonl"
    path.write_bytes(b"\n".join([wire(make_message()), b"{}", wire(make_message())]))
    assert len(read_sample(path, 10).messages) == 2
    assert len(read_sample(path, 1).messages) == 1
    labelled = read_sample(Path(__file__).parents[3] / "eval/datasets/lead_intent/dev.jsonl", 5)
    assert labelled.right is not None
    path.write_text(json.dumps({"a": 1}))
    with pytest.raises(OperatorError, match="holds no messages"):
        read_sample(path, 10)
