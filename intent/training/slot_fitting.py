"""Fits what finds slots on labelled messages (``python -m intent.training.slot_fitting``)."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import scipy.sparse

from intent.classify.local import weights
from intent.classify.slots.find import contact_spans
from intent.classify.slots.lexicon import load_lexicon
from intent.classify.slots.tagger import KINDS, TAGS, SlotWeights, save_slot_weights
from intent.classify.slots.token_features import OFFSETS, Cut, Reader
from intent.classify.slots.tokens import Span
from intent.model.decision import Slot
from intent.model.errors import OperatorError
from intent.training.data import Example, read_examples
from intent.training.field import Recipe, Sequences, fit_field
from intent.training.piece_kinds import kinds_of_pieces

_AT_LEAST = 4
"""Features that stand at fewer tokens are left out."""

_FITS = 3
"""Fits with seeds of their own, whose mean is taken: scores are sums of weights, so the mean votes
as all of them do.
"""

_OF_ONE_WORD = frozenset("wpeq")
"""What features begin with that hardly more than one word has: the word, how it begins and ends,
the longer word that it is part of.
"""

_BOLDER = 0.5
"""Taken from the score of no slot at every token: likelihood is paid for silence where F1 is not.
Chosen on train, five parts by room.
"""

_AS_SURE = [TAGS.index(tag) for tag in ("", "B-contact", "I-contact")]
"""Tags that it is taken from: nearly all contact details are found by rules, so that few of those
that the field alone would find are any.
"""

ALONE = frozenset({"chatter", "spam"})
"""Labels of messages on which nobody acts: they are neither tagged nor learned from."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A message cut for tagging, and the right tags."""

    cut: Cut
    tags: list[int]


def marked(reader: Reader, examples: Sequence[Example]) -> list[Marked]:
    """Cut the messages on which somebody may act, with the tags of their slots."""
    found = []
    for one in examples:
        if ALONE.isdisjoint(one.labels):
            cut = reader.read(one.message, one.labels, contact_spans(one.message.text))
            if cut.spans:
                found.append(Marked(cut, tags_of(cut.text, cut.spans, one.slots)))
    return found


def tags_of(text: str, spans: Sequence[Span], slots: Sequence[Slot]) -> list[int]:
    """Return the tag of each token: of each slot the first place where it stands free and begins
    and ends with a token, long slots first.
    """
    begins = {start: number for number, (start, _) in enumerate(spans)}
    ends = {end: number for number, (_, end) in enumerate(spans)}
    tags = [0] * len(spans)
    for slot in sorted(slots, key=lambda slot: -len(slot.text)):
        if slot.kind not in KINDS:
            continue
        at = text.find(slot.text)
        while at >= 0:
            first, last = begins.get(at), ends.get(at + len(slot.text))
            if first is not None and last is not None and not any(tags[first : last + 1]):
                tag = TAGS.index(f"B-{slot.kind}")
                tags[first : last + 1] = [tag, *[tag + 1] * (last - first)]
                break
            at = text.find(slot.text, at + 1)
    return tags


def fit_slots(reader: Reader, examples: Sequence[Example], recipe: Recipe) -> SlotWeights:
    """Fit the weights of a tagger that reads as ``reader`` does; the result depends on nothing but
    the arguments.

    Raises:
        OperatorError: no message has a slot.
    """
    learned = marked(reader, examples)
    if not any(any(one.tags) for one in learned):
        raise OperatorError("no message has a slot; give the dataset's rows, with slots in them")
    names = _Names(reader)
    tokens = [names.of_token(one.cut, at) for one in learned for at in range(len(one.cut.spans))]
    counts = Counter(name for token in tokens for name in token)
    kept = tuple(sorted(name for name, count in counts.items() if count >= _AT_LEAST))
    column = {name: number for number, name in enumerate(kept)}
    columns = [sorted(column[name] for name in token if name in column) for token in tokens]
    ends = np.cumsum([0, *map(len, columns)])
    indices = np.array([number for token in columns for number in token], dtype=np.int32)
    features = scipy.sparse.csr_matrix(
        (np.ones(len(indices), dtype=np.float32), indices, ends), shape=(len(tokens), len(kept))
    )
    tags = np.array([tag for one in learned for tag in one.tags], dtype=np.intp)
    starts = np.cumsum([0, *(len(one.tags) for one in learned)]).astype(np.intp)
    given = Sequences(features, tags, starts, len(TAGS), np.array([*map(_bundle, kept)]))
    fields = [fit_field(given, replace(recipe, seed=recipe.seed + more)) for more in range(_FITS)]
    weights, steps, first = (
        np.stack([getattr(field, part) for field in fields]).mean(axis=0).astype(np.float32)
        for part in ("weights", "steps", "first")
    )
    weights[column["bias"], _AS_SURE] -= _BOLDER
    return SlotWeights(kept, weights, steps, first, reader.lexicon.version, reader.lexicon.kinds)


def _bundle(name: str) -> int:
    """Return the number of the bundle that a feature belongs to: one for each neighbour's word by
    itself, one for words in pairs; -1 for what words of a kind share.
    """
    place, _, feature = name.partition(" ")
    if place in ("<", ">"):
        return len(OFFSETS)
    known = place.lstrip("-").isdigit() and feature[:1] in _OF_ONE_WORD
    return int(place) - OFFSETS[0] if known else -1


class _Names:
    """Features by name; those of equal groups are spelled out once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[object, list[str]] = {}

    def of_token(self, cut: Cut, at: int) -> set[str]:
        """Return the features of one token."""
        names: set[str] = set()
        for group in cut.groups(at):
            if group not in self._known:
                self._known[group] = [sys.intern(name) for name in self._reader.named(group)]
            names.update(self._known[group])
        return names


def main() -> int:
    """Read the command line and fit; 1 with one sentence on stderr when it cannot be done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--model", type=Path, required=True, help="folder that `intent train` wrote"
    )
    parser.add_argument("--data", type=Path, action="append", required=True)
    parser.add_argument(
        "--encoder",
        type=Path,
        default=weights.SHIPPED,
        help="folder of the encoder whose pieces are read",
    )
    given = parser.parse_args()
    try:
        reader = Reader(load_lexicon(kinds_of_pieces(given.encoder)))
        examples = read_examples(*given.data)
        fitted = fit_slots(reader, examples, Recipe())
        save_slot_weights(given.model, fitted)
    except OperatorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stderr.write(f"{len(fitted.names)} features, written to {given.model}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
