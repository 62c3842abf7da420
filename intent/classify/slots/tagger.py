"""Marks slots token by token: a linear-chain conditional random field (Lafferty et al. 2001) whose
best path is found by Viterbi's algorithm, for many messages at once.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from intent.classify.slots.lexicon import LEXICON, load_lexicon
from intent.classify.slots.token_features import EDGE, OFFSETS, OTHERS, REACH, Cut, Group, Reader
from intent.classify.slots.tokens import Span
from intent.classify.slots.word_kinds import WordKinds, packed_pieces
from intent.model.errors import OperatorError

Floats = NDArray[np.float32]

SLOTS = "slots.safetensors"
"""Name of the file in a model's folder; without it only contact details are found."""

KINDS = ("product", "variant", "quantity", "price", "place", "time", "contact")
TAGS = ("", *(f"{place}-{kind}" for kind in KINDS for place in "BI"))
"""Tags of tokens: outside of any slot, and for each kind where one begins and where it goes on."""

SHIPPED = Path(__file__).resolve().parents[2] / "models" / "lead_intent"
"""Folder of the tagger that ships; models that were trained without one use it."""

REMEMBERED = 1 << 14
"""Words, pairs and other groups whose weights are remembered at most; then all are forgotten and
looked up again.
"""

_NEVER = -1e4


@dataclass(frozen=True, slots=True)
class SlotWeights:
    """Numbers of the field.

    Attributes:
        names: features, sorted.
        weights: shape (features, tags).
        steps: score of each tag behind each, shape (tags, tags).
        first: score of each tag at the beginning, shape (tags,).
        lexicon: version of the lexicon that the features were read with.
        kinds: of the words that they were read with.
    """

    names: tuple[str, ...]
    weights: Floats
    steps: Floats
    first: Floats
    lexicon: str
    kinds: WordKinds


class SlotTagger:
    """Finds slots with fitted weights. One instance may be used by one thread at a time."""

    def __init__(self, weights: SlotWeights, reader: Reader, version: str = "") -> None:
        """Use weights that were fitted on what ``reader`` reads; ``version`` is the hash of their
        file.
        """
        self.reader, self.version = reader, version
        self._weights = weights.weights
        self._column = {name: number for number, name in enumerate(weights.names)}
        self._steps, self._first = allowed(weights.steps, weights.first)
        self._words = _Remembered(self._of_groups, lambda word: [(at, word) for at in OFFSETS])
        self._pairs = _Remembered(self._of_groups, lambda pair: [("<", *pair), (">", *pair)])
        self._others = _Remembered(self._of_groups, lambda group: [group])

    def tag(self, cuts: Sequence[Cut]) -> list[list[tuple[int, int, str]]]:
        """Return for each message the slots in order: begin and end in characters, and kind."""
        if not cuts:
            return []
        paths = best_paths(self._scores(cuts), self._steps, self._first)
        return [spans_of(path, one.spans) for path, one in zip(paths, cuts, strict=True)]

    def _scores(self, cuts: Sequence[Cut]) -> list[Floats]:
        """Return the score of each tag for each token of each message, shape (tokens, tags).

        All messages are scored together: their words stand in one row, with edges between them.
        """
        row, places = [EDGE] * REACH, []
        for one in cuts:
            places.append(np.arange(len(row), len(row) + len(one.words)))
            row += [*one.words, *[EDGE] * REACH]
        at = np.concatenate([np.zeros(0, np.intp), *places])
        words = self._words.rows(row)
        pairs = self._pairs.rows(list(itertools.pairwise(row)))
        others = self._others.rows([group for one in cuts for group in one.others])
        scores = self._others.sums[others, 0].reshape(len(at), OTHERS, len(TAGS)).sum(axis=1)
        for number, offset in enumerate(OFFSETS):
            scores += self._words.sums[words[at + offset], number]
        scores += self._pairs.sums[pairs[at - 1], 0] + self._pairs.sums[pairs[at], 1]
        return np.split(scores, np.cumsum([len(one.words) for one in cuts])[:-1])

    def _of_groups(self, groups: Sequence[Group]) -> Floats:
        """Return the summed weights of each group, shape (groups, tags)."""
        sums = np.zeros((len(groups), len(TAGS)), dtype=np.float32)
        for number, group in enumerate(groups):
            known = self._column
            columns = [known[name] for name in set(self.reader.named(group)) if name in known]
            sums[number] = self._weights[sorted(columns)].sum(axis=0)
        return sums


class _Remembered:
    """Sums of weights of what was seen before; :data:`REMEMBERED` at most, then all are forgotten
    but what the messages at hand need.
    """

    def __init__(
        self,
        weigh: Callable[[Sequence[Group]], Floats],
        groups: Callable[[Any], Sequence[Group]],
    ) -> None:
        self._weigh, self._groups = weigh, groups
        self._known: dict[object, int] = {}
        self.sums = np.zeros((0, 0, len(TAGS)), dtype=np.float32)

    def rows(self, asked: Sequence[Hashable]) -> NDArray[np.intp]:
        """Return where in ``sums`` each stands, shape (asked,); ``sums`` may be another array
        afterwards.
        """
        known = self._known
        new = [one for one in dict.fromkeys(asked) if one not in known]
        if len(known) + len(new) > REMEMBERED:
            known.clear()
            new = list(dict.fromkeys(asked))
        if new:
            sums = np.stack([self._weigh(self._groups(one)) for one in new])
            start, end = len(known), len(known) + len(new)
            if end > len(self.sums):
                # Twice as much each time: what is kept is copied seldom.
                grown = np.zeros((2 * end, *sums.shape[1:]), dtype=np.float32)
                if start:
                    grown[:start] = self.sums[:start]
                self.sums = grown
            self.sums[start:end] = sums
            known.update(zip(new, range(start, end), strict=True))
        return np.array([known[one] for one in asked], dtype=np.intp)


def allowed(steps: Floats, first: Floats) -> tuple[Floats, Floats]:
    """Return the scores with what cannot be made impossible: a slot goes on only behind one of its
    kind.
    """
    goes_on = np.array([tag.startswith("I") for tag in TAGS])
    kinds = np.array([tag[2:] for tag in TAGS])
    wrong = goes_on[None, :] & (kinds[:, None] != kinds[None, :])
    return np.where(wrong, _NEVER, steps), np.where(goes_on, _NEVER, first)


def best_paths(scores: Sequence[Floats], steps: Floats, first: Floats) -> list[list[int]]:
    """Return the tags of the highest score for each message; all messages take each step at once,
    the longest first.

    Args:
        scores: of each message, shape (tokens, tags).
    """
    order = sorted(
        (row for row, one in enumerate(scores) if len(one)), key=lambda row: -len(scores[row])
    )
    paths: list[list[int]] = [[] for _ in scores]
    if not order:
        return paths
    lengths = np.array([len(scores[row]) for row in order])
    alive = [int((lengths > at).sum()) for at in range(lengths[0])]
    best = first + np.stack([scores[row][0] for row in order])
    came: list[NDArray[np.intp]] = []
    for at in range(1, len(alive)):
        ways = best[: alive[at], :, None] + steps
        came.append(ways.argmax(axis=1))
        best[: alive[at]] = ways.max(axis=1) + np.stack(
            [scores[row][at] for row in order[: alive[at]]]
        )
    for line, row in enumerate(order):
        path = [int(best[line].argmax())]
        for at in range(len(scores[row]) - 1, 0, -1):
            path.append(int(came[at - 1][line, path[-1]]))
        paths[row] = path[::-1]
    return paths


def spans_of(path: Sequence[int], spans: Sequence[Span]) -> list[tuple[int, int, str]]:
    """Turn tags into slots: begin and end in characters, and kind."""
    found: list[tuple[int, int, str]] = []
    for tag, (start, end) in zip(path, spans, strict=True):
        place, _, kind = TAGS[tag].partition("-")
        if place == "B":
            found.append((start, end, kind))
        elif place == "I":
            found[-1] = (found[-1][0], end, kind)
    return found


def save_slot_weights(folder: Path, fitted: SlotWeights) -> None:
    """Write weights beside their model; the same weights give the same bytes."""
    about = {"lexicon": fitted.lexicon}
    tensors = {
        "names": np.frombuffer("\n".join(fitted.names).encode(), dtype=np.uint8),
        "weights": fitted.weights.astype(np.float16),
        "steps": fitted.steps,
        "first": fitted.first,
        "pieces": packed_pieces(fitted.kinds.pieces),
        "kinds": fitted.kinds.kinds,
    }
    content = save({name: np.ascontiguousarray(one) for name, one in tensors.items()}, about)
    (folder / SLOTS).write_bytes(content)


def load_slot_tagger(folder: Path, words: Path = LEXICON) -> SlotTagger | None:
    """Read the tagger of the model in ``folder``; None where it has none. ``words`` is the file of
    the lexicon.

    Raises:
        OperatorError: a file is damaged, or the tagger was fitted with another lexicon.
    """
    path = folder / SLOTS
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="numpy") as opened:
            lexicon = opened.metadata()["lexicon"]
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        names, pieces = (
            tuple(tensors[name].tobytes().decode().split("\n")) for name in ("names", "pieces")
        )
        weights, steps, first = (
            tensors[name].astype(np.float32) for name in ("weights", "steps", "first")
        )
        kinds = WordKinds(pieces, tensors["kinds"])
        fitted = SlotWeights(names, weights, steps, first, lexicon, kinds)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise OperatorError(
            f"{path} is damaged ({type(error).__name__}); copy the whole folder of the model, or "
            "make the file again with `python -m intent.training.slot_fitting`"
        ) from error
    reader = Reader(load_lexicon(kinds, words))
    if lexicon != reader.lexicon.version:
        raise OperatorError(
            f"{path} was fitted with another lexicon than the one installed; make it again with "
            "`python -m intent.training.slot_fitting`"
        )
    return SlotTagger(fitted, reader, hashlib.sha256(path.read_bytes()).hexdigest())
