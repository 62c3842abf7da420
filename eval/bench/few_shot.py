"""How right a model is that was taught with five or ten texts an intent: published sets, each in
the draw that was published, beside the usual way.

The layout is that of the collection Few-Shot-Intent-Detection: a folder a set with ``train_5``,
``train_10`` and ``test``, each of which holds a text a line in ``seq.in`` and its intent in
``label``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from eval.bench.peers import BATCH, plain_encoder
from intent.classify.local.classifier import LocalClassifier
from intent.classify.local.weights import SHIPPED_LAYERS
from intent.model.errors import OperatorError
from intent.training.data import read_examples
from intent.training.train import train

SHOTS = (5, 10)
"""Texts an intent of the published draws."""


@dataclass(frozen=True, slots=True)
class FewShotRow:
    """One published draw, taught and tested.

    Attributes:
        name: of the set.
        shots: texts an intent that were learned from.
        intents: how many there are.
        tested: texts of the test.
        right: share of them that got their intent, 0 to 1; ``usual`` is the peer's: embeddings of
            the same encoder and scikit-learn's logistic regression.
        fit_seconds, test_seconds: processor time of our training and of our answers.
    """

    name: str
    shots: int
    intents: int
    tested: int
    right: float
    usual: float
    fit_seconds: float
    test_seconds: float


def try_few_shots(
    folder: Path, work: Path, progress: Callable[[str], None] = lambda line: None
) -> list[FewShotRow]:
    """Teach and test every set in ``folder``; models and JSONL files are written to ``work``.

    Nothing is chosen by the test: the training is that of ``intent train`` without any option.

    Raises:
        OperatorError: the folder holds no such set, or a file and its labels are not as long.
    """
    names = sorted(path.parent.name for path in folder.glob("*/train_5") if path.is_dir())
    if not names:
        raise OperatorError(
            f"{folder} holds no set: give a folder with NAME/train_5, NAME/train_10 and NAME/test, "
            "each with seq.in and label, as the collection Few-Shot-Intent-Detection has them"
        )
    rows = []
    for name in names:
        for shots in SHOTS:
            rows.append(_try(folder / name, work / f"{name}_{shots}", shots))
            progress(f"{name}, {shots} texts an intent: {rows[-1].right:.3f} right")
    return rows


def _try(source: Path, work: Path, shots: int) -> FewShotRow:
    work.mkdir(parents=True, exist_ok=True)
    taught = _as_jsonl(source / f"train_{shots}", work / "train.jsonl")
    tested = _as_jsonl(source / "test", work / "test.jsonl")
    begun = time.process_time()
    train(taught, None, work / "model", cache_dir=None, progress=lambda line: None)
    fitted = time.process_time()
    model = LocalClassifier.load(work / "model", taxonomy=None, cache_dir=None)
    examples = read_examples(tested)
    labels = [example.labels[0] for example in examples]
    decisions = model.classify([example.message for example in examples])
    answered = time.process_time()
    chosen = [
        max(decision.probabilities, key=decision.probabilities.__getitem__)
        for decision in decisions
    ]
    return FewShotRow(
        name=source.name,
        shots=shots,
        intents=len({example.labels[0] for example in read_examples(taught)}),
        tested=len(examples),
        right=_share(chosen, labels),
        usual=_share(_usual(taught, [example.message.text for example in examples]), labels),
        fit_seconds=fitted - begun,
        test_seconds=answered - fitted,
    )


def _usual(taught: Path, texts: Sequence[str]) -> list[str]:
    examples, encoder = read_examples(taught), plain_encoder(SHIPPED_LAYERS)
    known, asked = (
        encoder.encode(list(part), batch_size=BATCH, show_progress_bar=False)
        for part in ([example.message.text for example in examples], texts)
    )
    head = LogisticRegression(C=10.0, max_iter=500)
    head.fit(known, [example.labels[0] for example in examples])
    return [str(label) for label in head.predict(asked)]


def _share(chosen: Sequence[str], labels: Sequence[str]) -> float:
    return float(np.mean([one == other for one, other in zip(chosen, labels, strict=True)]))


def _as_jsonl(source: Path, out: Path) -> Path:
    try:
        texts, labels = (
            (source / name).read_text(encoding="utf-8").splitlines() for name in ("seq.in", "label")
        )
    except OSError as error:
        raise OperatorError(
            f"{error.filename} cannot be read ({error.strerror}); a set needs seq.in and label in "
            "train_5, train_10 and test"
        ) from error
    if len(texts) != len(labels):
        raise OperatorError(
            f"{source} has {len(texts)} texts in seq.in and {len(labels)} lines in label; fetch it "
            "anew"
        )
    lines = [
        json.dumps({"text": text, "labels": [label]}, ensure_ascii=False)
        for text, label in zip(texts, labels, strict=True)
    ]
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return out
