"""What asking costs: tokens and money for a million messages, one a call, in room batches, and
behind the local model at three asked shares.

The LLM is the stand-in: its token counts are estimates of ours (``intent/classify/llm/tokens.py``),
prices are those of ``prompts/models.yaml``, and its answers, the local model's own, say nothing
about any LLM's quality.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import numpy as np

from eval.bench.asking_cost import MILLION, Quality, WayOfAsking
from eval.standin.fake_llm_server import FakeLlmServer
from intent.bootstrap.application import Application, sqlite_url
from intent.bootstrap.asking import build_asker
from intent.bootstrap.deciding import build_worker
from intent.bootstrap.settings import Settings
from intent.classify.route import expected_cost
from intent.model.batch import Batch
from intent.model.decision import Decision
from intent.model.message import Message
from intent.model.taxonomy import Taxonomy
from intent.ports.deciding import Classifier
from intent.store.access import Access
from intent.store.ledger import Spent, SqlLedger

NEVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sample:
    """Messages, in the order in which they come; ``right`` are their labels, or None where nobody
    has labelled them.
    """

    messages: Sequence[Message]
    right: Sequence[Sequence[str]] | None = None

    def times(self, count: int) -> Sample:
        """Return the first ``count`` messages, from the beginning again under other ids and rooms
        when they do not suffice.
        """
        rounds = [
            (number // len(self.messages), number % len(self.messages)) for number in range(count)
        ]
        copies = [_copy(self.messages[index], again) for again, index in rounds]
        return Sample(
            copies, None if self.right is None else [self.right[index] for _, index in rounds]
        )


@dataclass(frozen=True, slots=True)
class Bench:
    """What every way of asking is measured with; the classifier also stands behind the stand-in."""

    settings: Settings
    taxonomy: Taxonomy
    classifier: Classifier

    def cost(self, name: str, sample: Sample, *, above: float, batch: int = 20) -> WayOfAsking:
        """Send messages through the whole house, ask about those whose local decision may cost more
        than ``above``, and return what it cost.
        """
        local = self.classifier.classify(sample.messages)
        asked = [expected_cost(decision, self.taxonomy) > above for decision in local]
        with self._house(batch) as (app, server):
            app.inbox.put(Batch(sample.messages))

            def unsure(decision: Decision) -> bool:
                return expected_cost(decision, self.taxonomy) > above

            stop, empty = Event(), Event()
            empty.set()
            worker = build_worker(
                app,
                stop,
                lambda report: None,
                classifier=self.classifier,
                unsure=unsure,
            )
            worker.run(drain=True)
            build_asker(app, stop, lambda report: None).run(empty=empty)
            spent = SqlLedger(app.database).summary(NEVER)
            prefixes = len({_prefix(seen.raw) for seen in server.seen})
        settled = [index for index, is_asked in enumerate(asked) if not is_asked]
        return _cost(
            name,
            len(sample.messages),
            spent,
            prefixes,
            self.quality(sample, local),
            self.quality(sample, local, settled),
        )

    def quality(
        self, sample: Sample, decisions: Sequence[Decision], which: Sequence[int] | None = None
    ) -> Quality:
        """Return how good decisions are, on all messages or on some."""
        chosen = range(len(decisions)) if which is None else which
        if sample.right is None or not chosen:
            return Quality()
        pairs = [(set(decisions[index].labels), set(sample.right[index])) for index in chosen]
        lead = _f1(
            [
                (bool(said & self.taxonomy.leads), bool(right & self.taxonomy.leads))
                for said, right in pairs
            ]
        )
        of_labels = [
            _f1([(name in said, name in right) for said, right in pairs])
            for name in self.taxonomy.names
        ]
        return Quality(lead, float(np.mean([one for one in of_labels if one is not None])))

    @contextmanager
    def _house(self, batch: int) -> Iterator[tuple[Application, FakeLlmServer]]:
        with (
            tempfile.TemporaryDirectory() as folder,
            FakeLlmServer(self.taxonomy, classifier=self.classifier) as server,
        ):
            given = {
                "database_url": sqlite_url(Path(folder) / "cost.db"),
                "llm_base_url": server.url,
                "llm_batch": batch,
                "llm_budget_hour": None,
                "llm_budget_day": None,
                "ask_gather": 0.001,
                "ask_threads": 2,
            }
            app = Application(self.settings.model_copy(update=given), access=Access.CREATE)
            yield app, server
            app.database.close()


def _cost(
    name: str,
    messages: int,
    spent: Sequence[Spent],
    prefixes: int,
    everything: Quality,
    settled: Quality,
) -> WayOfAsking:
    answered = [one for one in spent if one.outcome == "answered"]
    calls, about = sum(one.calls for one in answered), sum(one.messages for one in answered)
    scale = MILLION / messages
    return WayOfAsking(
        name=name,
        messages=messages,
        share=about / messages,
        calls=calls,
        batch=about / calls if calls else 0.0,
        input_tokens=scale * sum(one.input_tokens for one in spent),
        cached_tokens=scale * sum(one.cached_tokens for one in spent),
        output_tokens=scale * sum(one.output_tokens for one in spent),
        dollars=scale * sum(one.nanodollars for one in spent) / 1e9,
        prefixes=prefixes,
        all=everything,
        settled=settled,
    )


def _prefix(raw: bytes) -> str:
    """Return a hash of everything in a request before its own messages: the bytes up to the user's
    part, and the schema behind it.
    """
    body = json.loads(raw)
    before = raw[
        : raw.index(
            json.dumps(
                body["messages"][-1]["content"], ensure_ascii=False, separators=(",", ":")
            ).encode("utf-8")
        )
    ]
    return hashlib.sha256(
        before + json.dumps(body.get("response_format")).encode("utf-8")
    ).hexdigest()


def _f1(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    hits = sum(said and right for said, right in pairs)
    said, right = sum(said for said, _ in pairs), sum(right for _, right in pairs)
    return 2 * hits / (said + right) if right else None


def _copy(message: Message, again: int) -> Message:
    if not again:
        return message
    return message.model_copy(
        update={
            "message_id": f"{message.message_id}#{again}",
            "room_id": f"{message.room_id}#{again}",
        }
    )
