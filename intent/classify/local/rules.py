"""The version of what decides beside a model's numbers: folding, styling, n-grams, the encoder's
input, the encoder that ships, the choice of labels, contact details and slots.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from types import ModuleType
from typing import Any

from intent.classify import (
    address_rules,
    address_words,
    contacts,
    folding,
    postal_addresses,
)
from intent.classify.address_rule import CASELESS, AddressRule
from intent.classify.local import (
    choice,
    encoder_input,
    hashing,
    ngrams,
    offers,
    styling,
    vocabulary,
    weights,
)
from intent.classify.slots import find, lexicon, tagger, token_features, word_kinds
from intent.classify.slots import tokens as slot_tokens

RULES = 4
"""Raised when the code of these modules returns something else than before; a test compares what it
returns for a fixed set of texts, and says when. Their word lists and patterns need no number: the
version holds their hash.
"""

DECIDING: tuple[ModuleType, ...] = (
    address_rules,
    address_words,
    contacts,
    folding,
    postal_addresses,
    choice,
    encoder_input,
    hashing,
    ngrams,
    offers,
    styling,
    vocabulary,
    weights,
    token_features,
    find,
    lexicon,
    slot_tokens,
    tagger,
    word_kinds,
)
"""The modules whose constants and code the version stands for."""


def rules_version(slots: str = "") -> str:
    """Return :data:`RULES`, a dot, and eight hexadecimal digits of the SHA-256 of every constant of
    the modules and of ``slots``, the version of what finds slots.
    """
    content = "\n".join(
        f"{module.__name__}.{name} = {_canonical(value)}"
        for module in DECIDING
        for name, value in sorted(vars(module).items())
        if name.lstrip("_").isupper()
    )
    digest = hashlib.sha256(f"{content}{slots}".encode()).hexdigest()
    return f"{RULES}.{digest[:8]}"


def _canonical(value: Any) -> str:
    """Return the same text for equal values in every process and on every machine."""
    if isinstance(value, re.Pattern):
        return f"/{value.pattern}/{value.flags}"
    if isinstance(value, AddressRule):
        # As if it were compiled, which takes its time.
        return f"[{_canonical(value.homes)},/{value.source}/{int(CASELESS)}]"
    if isinstance(value, Mapping):
        return (
            f"{{{','.join(sorted(f'{_canonical(k)}:{_canonical(v)}' for k, v in value.items()))}}}"
        )
    if isinstance(value, Set):
        return f"{{{','.join(sorted(map(_canonical, value)))}}}"
    if isinstance(value, (str, int, float)):
        return repr(value)
    if isinstance(value, Sequence):
        return f"[{','.join(map(_canonical, value))}]"
    if isinstance(value, Path):
        return value.name
    if callable(value):
        return str(value.__qualname__)
    raise TypeError(f"a constant of the rules has a type without a canonical form: {type(value)}")
