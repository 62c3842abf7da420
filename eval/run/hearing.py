"""What was asked about each message and what came back, as it came: the calls of a batch, heard
beside the answerer.

Contact details never reach the server, and what it writes by itself is disguised before it is kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from threading import local

from pydantic import TypeAdapter

from eval.run.predictions import Call
from eval.run.replies import RunReplies
from intent.classify.llm.batch import Batch, Entry
from intent.classify.llm.reply import read_reply
from intent.classify.llm.shape import find_reply
from intent.classify.placeholders import disguise
from intent.model.attempt import Outcome
from intent.model.completion import Completion
from intent.model.taxonomy import Taxonomy

MOST_CHARACTERS = 2000
"""How much of a reply is kept that says nothing of the message it was asked about."""

_KIND = "calls"
_CALLS = TypeAdapter(tuple[Call, ...])


class Hearing:
    """Hears the calls of a batch, in each thread its own, and writes them down beside the replies,
    so that a replay shows them again.
    """

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy, self._thread = taxonomy, local()

    def begin(self) -> None:
        """Start a batch in this thread."""
        self._thread.heard = {}

    def __call__(self, batch: Batch, completion: Completion) -> None:
        """Take note of how a request about these messages ended."""
        heard: dict[str, list[Call]] = self._thread.heard
        reading = (
            read_reply(completion.text, batch.asked, self._taxonomy)
            if completion.outcome is Outcome.ANSWERED
            else None
        )
        value = find_reply(completion.text) if reading is not None else None
        for one, entry in batch.entries.items():
            outcome = completion.outcome.value
            if reading is not None:
                outcome = reading.faults.get(one, outcome)
            said = {name: _about(value[name], one) for name in value} if value else {}
            usage = completion.usage
            call = Call(
                outcome=outcome,
                sent=json.dumps({"id": one, **entry.shown}, ensure_ascii=False),
                reply=_kept(said, completion.text),
                messages=len(batch.entries),
                input_tokens=usage.input if usage else 0,
                output_tokens=usage.output if usage else 0,
                invented=_invented(said, entry),
            )
            heard.setdefault(entry.key, []).append(call)

    def calls(self, keys: Sequence[str], replies: RunReplies) -> list[tuple[Call, ...]]:
        """Return the calls about each message: those that were written down, or heard just now."""
        heard: Mapping[str, list[Call]] = self._thread.heard
        known = {
            key: _CALLS.validate_json(note) for key, note in replies.notes(_KIND, keys).items()
        }
        fresh = {key: tuple(heard[key]) for key in keys if key not in known and key in heard}
        if fresh:
            replies.note(_KIND, {key: _CALLS.dump_json(calls) for key, calls in fresh.items()})
        return [known.get(key) or fresh.get(key, ()) for key in keys]


def _about(items: Sequence[object], one: str) -> list[object]:
    return [item for item in items if isinstance(item, dict) and item.get("id") == one]


def _kept(said: Mapping[str, Sequence[object]], text: str) -> str:
    """Return what a reply says of one message, letter by letter as JSON; all of it, cut short,
    where it says nothing that can be read.
    """
    if any(said.values()):
        return disguise(json.dumps(said, ensure_ascii=False)).text
    return disguise(text[:MOST_CHARACTERS]).text


def _invented(said: Mapping[str, Sequence[object]], entry: Entry) -> int:
    """Return how many slots do not stand in their message."""
    texts = [item.get("text") for item in said.get("slots", ()) if isinstance(item, dict)]
    return sum(not isinstance(one, str) or one not in entry.asked.sent.text for one in texts)
