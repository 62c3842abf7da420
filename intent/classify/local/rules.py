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
from intent.classify.local import (
    choice,
    encoder_input,
    ngrams,
    styling,
    translate,
    vocabulary,
    weights,
)
from intent.classify.slots import amounts, chinese, find, patterns, spaced, thai, variants, words
from intent.classify.slots import tokens as slot_tokens

RULES = 1
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
    ngrams,
    styling,
    translate,
    vocabulary,
    weights,
    amounts,
    chinese,
    find,
    patterns,
    slot_tokens,
    spaced,
    thai,
    variants,
    words,
)
"""The modules whose constants and code the version stands for."""


def rules_version() -> str:
    """Return :data:`RULES`, a dot, and eight hexadecimal digits of the SHA-256 of every constant of
    the modules.

    The glossary is no constant: a model names the one that it was trained with, and is refused with
    another.
    """
    content = "\n".join(
        f"{module.__name__}.{name} = {_canonical(value)}"
        for module in DECIDING
        for name, value in sorted(vars(module).items())
        if name.lstrip("_").isupper()
    )
    return f"{RULES}.{hashlib.sha256(content.encode('utf-8')).hexdigest()[:8]}"


def _canonical(value: Any) -> str:
    """Return the same text for equal values in every process and on every machine."""
    if isinstance(value, re.Pattern):
        return f"/{value.pattern}/{value.flags}"
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
