"""What a person asked for, as ``python -m eval run`` and ``gate`` take it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from eval.run.purse import Purse
from eval.run.suite import By

SEED = 20261120

STORE = Path("runs/replies.db")
"""Where replies are kept unless another file is named."""


@dataclass(frozen=True, slots=True)
class Failures:
    """What a run decided wrongly: its folder, and the ids of the messages."""

    run: Path
    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One run.

    Attributes:
        by: who decides; None for what the suite says.
        model: folder of a local model; None for the one that ships.
        prompt: alias or name of a prompt; None for what the suite says.
        llm: id of the LLM; None for what the prompt or INTENT_LLM_MODEL says.
        parameters: of the prompt's call, by name, instead of its own, as they are written in YAML.
        judge_model: id of the LLM that judges assertions; None for what the suite says.
        lead_threshold: take this instead of the model's own, in (0, 1).
        ask_above: ask from this expected cost on, instead of the route's own, in false leads.
        failures: only these messages, in the batches in which a run of all would have them; None
            for all.
        jobs: batches at a time.
        fresh: decide and ask again what was decided or asked before.
        offline: refuse to call anybody.
        store: the response store, an SQLite file.
        prompts: folder of the prompts; None for what INTENT_PROMPTS_DIR says.
        purse: what its calls may cost.
    """

    suite: Path
    out: Path
    by: By | None = None
    model: Path | None = None
    prompt: str | None = None
    llm: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    judge_model: str | None = None
    lead_threshold: float | None = None
    ask_above: float | None = None
    filters: tuple[str, ...] = ()
    sample: int | None = None
    failures: Failures | None = None
    repeat: int = 1
    jobs: int = 1
    seed: int = SEED
    resume: bool = False
    fresh: bool = False
    offline: bool = False
    store: Path = STORE
    prompts: Path | None = None
    purse: Purse = field(default_factory=Purse)
    command: str = ""
