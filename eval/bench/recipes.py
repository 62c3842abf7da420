"""The ways to fit the local model that are compared: each is fitted on train and gives logits of
dev.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import scipy.sparse
import scipy.special
from datasets import Dataset
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from setfit import SetFitModel, Trainer, TrainingArguments

from eval.bench.local import targets
from intent.classify.local.weights import BUNDLED
from intent.model.taxonomy import Taxonomy
from intent.training.adapt import AdapterRecipe, adapt
from intent.training.calibrate import folds
from intent.training.data import Example
from intent.training.encoder_folder import folder_of
from intent.training.logistic import fit
from intent.training.rows import Rows, read_rows

Floats = NDArray[np.float64]
Print = Callable[[str], None]
SEED = 20261120

SHIPPED = "LoRA, 8 layers"
"""The recipe that the others are compared with."""

TEACHER_SHARE = 0.5
"""How much of a student's targets is the teacher's opinion; the rest are the labels."""

PAIRS = 8_000
"""Pairs of texts that the contrastive recipe learns from, in batches of 32."""

NOISE = 0.06
"""Share of characters that typing errors touch."""


@dataclass(frozen=True, slots=True)
class Material:
    """Texts of train and dev as the model reads them, and targets of shape (texts, labels + 1); the
    last column is lead.

    Attributes:
        opinions: what a teacher of so many layers says of train, shape of its targets; kept, since
            several recipes ask the same one.
    """

    train: Sequence[Example]
    dev: Sequence[Example]
    train_rows: Rows
    dev_rows: Rows
    train_targets: Floats
    dev_targets: Floats
    encoder: str
    opinions: dict[int, Floats] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        train: Sequence[Example],
        dev: Sequence[Example],
        taxonomy: Taxonomy,
        encoder: str = BUNDLED,
    ) -> Material:
        """Read both parts."""
        rows = read_rows(train), read_rows(dev)
        return cls(
            train, dev, rows[0], rows[1], targets(train, taxonomy), targets(dev, taxonomy), encoder
        )


Fitting = Callable[[Material, AdapterRecipe, Print], Floats]
"""Fits on train and returns logits of dev, shape (texts, labels + 1)."""


def lora(layers: int, balance: float = 0.0) -> Fitting:
    """Low-rank changes to the first layers; ``balance`` weighs the positives of rare labels up."""

    def run(material: Material, base: AdapterRecipe, say: Print) -> Floats:
        return _adapted(
            material, replace(base, layers=layers, balance=balance), material.train_targets, say
        )

    return run


def noisy(layers: int) -> Fitting:
    """Each text twice, once with typing errors; three passes over both cost a fifth more than five
    over one.
    """

    def run(material: Material, base: AdapterRecipe, say: Print) -> Floats:
        chance = random.Random(SEED)  # noqa: S311  typing errors, no secret
        worn = [
            replace(
                one,
                message=one.message.model_copy(update={"text": mistyped(one.message.text, chance)}),
            )
            for one in material.train
        ]
        both = [*material.train_rows.encoded, *read_rows(worn).encoded]
        recipe = replace(base, layers=layers, epochs=max(1, round(base.epochs * 0.6)))
        twice = np.vstack([material.train_targets, material.train_targets])
        return _learnt(material, both, twice, recipe, say, material.dev_rows.encoded)

    return run


def distilled(layers: int, teacher: int) -> Fitting:
    """Fewer layers, taught by the labels and by what a deeper encoder says of texts that it has not
    learnt from (Hinton et al. 2015).
    """

    def run(material: Material, base: AdapterRecipe, say: Print) -> Floats:
        if teacher not in material.opinions:
            material.opinions[teacher] = _opinion(material, replace(base, layers=teacher), say)
        soft = (1 - TEACHER_SHARE) * material.train_targets + TEACHER_SHARE * material.opinions[
            teacher
        ]
        return _adapted(material, replace(base, layers=layers), soft, say)

    return run


def frozen(material: Material, _base: AdapterRecipe, _say: Print) -> Floats:
    """The whole encoder as it is, and a linear head."""
    return _headed(_sentence_transformer(material), material)


def contrastive(material: Material, _base: AdapterRecipe, say: Print) -> Floats:
    """SetFit's recipe (Tunstall et al. 2022): all weights learn to bring texts that share a label
    together, then a linear head.
    """
    body = _sentence_transformer(material)
    labels = material.train_targets[:, :-1].astype(int).tolist()
    rows = Dataset.from_dict(
        {"text": [text or "-" for text in material.train_rows.encoded], "label": labels}
    )
    chosen = TrainingArguments(
        batch_size=32,
        max_steps=PAIRS // 32,
        num_epochs=1,
        save_strategy="no",
        report_to="none",
        show_progress_bar=False,
        seed=SEED,
    )
    trainer = Trainer(
        model=SetFitModel(model_body=body, multi_target_strategy="one-vs-rest"),
        args=chosen,
        train_dataset=rows,
    )
    trainer.train_embeddings(rows["text"], rows["label"], args=chosen)
    say(f"contrastive fine-tuning on {PAIRS:,} pairs done")
    return _headed(body, material)


def _adapted(material: Material, recipe: AdapterRecipe, wanted: Floats, say: Print) -> Floats:
    rows = material.train_rows.encoded
    return _learnt(material, rows, wanted, recipe, say, material.dev_rows.encoded)


def _learnt(
    material: Material,
    texts: Sequence[str],
    wanted: Floats,
    recipe: AdapterRecipe,
    say: Print,
    others: Sequence[str],
) -> Floats:
    with folder_of(material.encoder, recipe.layers) as folder:
        return adapt(folder, texts, wanted, recipe, say, others=others).others


def _sentence_transformer(material: Material) -> SentenceTransformer:
    with folder_of(material.encoder) as folder:
        return SentenceTransformer(str(folder), device="cpu")


def _opinion(material: Material, deep: AdapterRecipe, say: Print) -> Floats:
    rows, truth, opinion = (
        material.train_rows,
        material.train_targets,
        np.zeros_like(material.train_targets),
    )
    part = folds([example.group for example in material.train], 2)
    for number in (0, 1):
        kept, held = rows.only(part != number), rows.only(part == number)
        found = _learnt(material, kept.encoded, truth[part != number], deep, say, held.encoded)
        opinion[part == number] = scipy.special.expit(found)
    return opinion


def _headed(encoder: SentenceTransformer, material: Material) -> Floats:
    train, dev = (
        scipy.sparse.csr_matrix(
            encoder.encode(rows.encoded, batch_size=64, show_progress_bar=False).astype(np.float64)
        )
        for rows in (material.train_rows, material.dev_rows)
    )
    return fit(train, material.train_targets, strength=20.0, exclusive=False).logits(dev)


def mistyped(text: str, chance: random.Random) -> str:
    """Return the text with some letters lost, doubled or swapped with their neighbour, as hurried
    thumbs do.
    """
    signs = list(text)
    for place in range(len(signs) - 1, -1, -1):
        if not signs[place].isalpha() or chance.random() >= NOISE:
            continue
        match chance.randrange(3):
            case 0:
                del signs[place]
            case 1:
                signs.insert(place, signs[place])
            case _:
                signs[place : place + 2] = reversed(signs[place : place + 2])
    return "".join(signs)


RECIPES: Mapping[str, tuple[int, Fitting]] = {
    SHIPPED: (8, lora(8)),
    "frozen": (12, frozen),
    "SetFit, contrastive": (12, contrastive),
    "LoRA, 12 layers": (12, lora(12)),
    "LoRA, 6 layers": (6, lora(6)),
    "LoRA, 4 layers": (4, lora(4)),
    "LoRA, 8 layers, class weights ½": (8, lora(8, balance=0.5)),
    "LoRA, 8 layers, typing errors": (8, noisy(8)),
    "LoRA, 6 layers, distilled from 12": (6, distilled(6, 12)),
}
"""What is compared: layers of the encoder that would run in production, and how it is fitted."""
