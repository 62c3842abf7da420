"""A server whose answers depend on what the prompt says: some messages are read wrongly until a
planted sentence stands in it, and whoever reflects is offered a menu of sentences.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eval.standin.counting import plain_text
from eval.standin.fake_llm_server import FakeLlmServer
from eval.standin.faults import Fault

ANCHOR = "Earlier rules win over later ones."
"""Stands once in the prompt; every edit is made here."""

HELPFUL = {"Prices are PR without fail.": "PR", "Stock is AV without fail.": "AV"}
"""Planted sentences, and the label that is missed while the prompt lacks one."""

USELESS = ("Be kind.", "Think twice.", "Read slowly.", "Mind the tone.", "Words matter.")

HARMFUL = "Everything is chatter."


@dataclass
class PlantedServer(FakeLlmServer):
    """Reads texts by ``truth``, codes by text; ``helps`` is whether the planted sentences do. Where
    they do not, every sentence changes a few answers by chance, as rewording does. ``insight`` is
    how often who reflects sees what is missing.
    """

    truth: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    helps: bool = True
    insight: float = 0.4

    def _answer(self, body: dict[str, Any], fault: Fault) -> dict[str, Any]:
        system = plain_text(body["messages"][0]["content"])
        asked = json.loads(plain_text(body["messages"][1]["content"]))
        said = (
            self._edit(json.dumps(asked))
            if system.startswith("You improve")
            else {
                "labels": [
                    {"id": one["id"], "is": self._read(one["text"], system)}
                    for one in asked["messages"]
                ],
                "slots": [],
            }
        )
        content = json.dumps(said)
        message = {"role": "assistant", "content": content, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return {
            "id": "planted",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [choice],
            "usage": self.count.usage(body, content),
        }

    def _read(self, text: str, system: str) -> list[str]:
        right = list(self.truth.get(text, ("CH",)))
        if HARMFUL in system:
            return ["CH"]
        for sentence, code in HELPFUL.items():
            if self.helps and sentence not in system and code in right:
                return ["CH"]
        if not self.helps:
            held = "".join(one for one in (*HELPFUL, *USELESS) if one in system)
            if hashlib.sha256(f"{held} {text}".encode()).digest()[0] < 26:  # one in ten
                return ["PU"] if right != ["PU"] else ["CH"]
        return right

    def _edit(self, asked: str) -> dict[str, Any]:
        chance = random.Random(asked)
        missed = {code for one in json.loads(asked)["mistakes"] for code in one["right"]}
        seen = [sentence for sentence, code in HELPFUL.items() if code in missed]
        right = seen and chance.random() < self.insight
        sentence = chance.choice(seen if right else [*USELESS, HARMFUL])
        edit = {"find": ANCHOR, "replace": f"{ANCHOR} {sentence}"}
        return {"why": f"says: {sentence}", "edits": [edit]}
