"""A decision's version changes with whatever decides: the rules' code by its number, their words and
patterns by a hash.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from intent.bootstrap.resources import locate
from intent.classify import address_rules, folding
from intent.classify.address_rule import CASELESS
from intent.classify.local import ngrams, rules
from intent.classify.local.classifier import LocalClassifier
from intent.classify.local.modelfile import load_model
from intent.classify.local.rules import DECIDING, RULES, rules_version
from intent.classify.slots import find, token_features
from tests.rules import digests, known

CLASSIFY = Path(rules.__file__).parents[1]
NO_RULES = {"classifier", "encoder", "modelfile", "rules", "__init__"} | {
    "bert",
    "eight_bit_weights",
    "eight_bits",
    "export",
    "exported",
    "onnxfile",
    "question_head",
}
"""Modules beside the rules that load, run or describe a model."""


def test_what_the_rules_return_has_not_changed_since_their_number_was_raised() -> None:
    now, then = digests(), known().get(str(RULES))
    assert then is not None, f"write the digests of RULES {RULES} down: python -m tests.rules"
    changed = [part for part in now if now[part] != then.get(part)]
    assert not changed, (
        f"{', '.join(changed)} return something else than under RULES {RULES}: decisions with equal "
        "versions would not be comparable. If that is meant, raise RULES in "
        "intent/classify/local/rules.py and run `python -m tests.rules`"
    )


def test_the_version_holds_rules_of_addresses_as_they_are_compiled() -> None:
    for rule in address_rules.RULES:
        assert (rule.pattern.pattern, rule.pattern.flags) == (rule.source, CASELESS)


def test_no_number_of_the_rules_is_used_again() -> None:
    assert max(map(int, known())) == RULES


@pytest.mark.parametrize(
    "change",
    [
        lambda patch: patch.setattr(token_features, "_STOP", token_features._STOP | {"please"}),
        lambda patch: patch.setattr(find, "_REACHABLE", token_features._WAY),
        lambda patch: patch.setattr(folding, "INVISIBLE", folding._SPACE),
        lambda patch: patch.setattr(ngrams, "LONGEST", 6),
        lambda patch: patch.setattr(rules, "RULES", RULES + 1),
    ],
    ids=["a word list", "patterns of slots", "a pattern of folding", "a number", "the rules' code"],
)
def test_the_version_changes_with(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[pytest.MonkeyPatch], None]
) -> None:
    before = rules_version()
    change(monkeypatch)
    assert rules_version() != before


def test_the_version_is_the_same_in_every_process() -> None:
    made = {
        subprocess.run(
            [
                sys.executable,
                "-c",
                "from intent.classify.local.rules import *; print(rules_version())",
            ],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert made == {rules_version()}


def test_a_new_module_is_one_of_the_rules_or_named_as_none() -> None:
    deciding = {
        path.stem
        for folder in ("local", "slots")
        for path in (CLASSIFY / folder).glob("*.py")
        if path.stem not in NO_RULES
    }
    assert {module.__name__.rpartition(".")[2] for module in DECIDING} == deciding | {
        "address_rules",
        "address_words",
        "contacts",
        "folding",
        "postal_addresses",
    }


def test_the_local_model_decides_under_the_version_of_the_rules() -> None:
    model = load_model(locate("models") / "lead_intent")
    local = LocalClassifier(model, None, taxonomy=None)
    assert local.versions.model == f"{model.version}+{rules_version()}"
