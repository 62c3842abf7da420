"""What the local model is measured against: the usual ways to classify with a sentence encoder, and
two baselines that need no training.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from intent.classify.local.weights import BUNDLED
from intent.training.adapt import AdapterRecipe
from intent.training.encoder_folder import folder_of

BATCH = 64

RUN = AdapterRecipe().layers
"""Layers of the encoder that the local model runs."""

BATCHES = (16, 32, 64, 128)
"""Sizes of batches that are tried before anything is measured."""

TRIED = 256
"""Texts that they are tried on."""


def plain_encoder(layers: int = RUN) -> SentenceTransformer:
    """Return the first layers of the bundled encoder, by default as many as the local model runs,
    as sentence-transformers loads them.
    """
    with folder_of(BUNDLED, layers) as folder:
        return SentenceTransformer(str(folder), device="cpu")


class PlainPeer:
    """Sentence embeddings as sentence-transformers computes them, and scikit-learn's logistic
    regression on top.
    """

    def __init__(self, encoder: SentenceTransformer, head: Any, batch: int) -> None:
        """Use a fitted head; ``batch`` texts of like length are encoded together."""
        self.encoder, self.head, self.batch = encoder, head, batch

    @classmethod
    def fitted(cls, texts: Sequence[str], targets: NDArray[np.float64]) -> PlainPeer:
        """Fit on texts and targets of shape (texts, outputs), and take the size of batches that is
        quickest on this machine.
        """
        encoder = plain_encoder()
        embeddings = encoder.encode(list(texts), batch_size=BATCH, show_progress_bar=False)
        head = OneVsRestClassifier(LogisticRegression(C=10.0, max_iter=500)).fit(
            embeddings, targets
        )
        return cls(encoder, head, _quickest(encoder, texts[:TRIED]))

    @classmethod
    def load(cls, path: Path) -> tuple[PlainPeer, tuple[str, ...]]:
        """Read what :meth:`save` wrote: the peer, and the names of its outputs but the last."""
        head, batch, labels = joblib.load(path)
        return cls(plain_encoder(), head, batch), labels

    def save(self, path: Path, labels: Sequence[str]) -> None:
        """Write the head, for a process of its own."""
        joblib.dump((self.head, self.batch, tuple(labels)), path)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return probabilities of shape (texts, outputs); texts are sorted by length over all that
        are given at once.
        """
        return np.asarray(
            self.head.predict_proba(
                self.encoder.encode(list(texts), batch_size=self.batch, show_progress_bar=False)
            )
        )


def _quickest(encoder: SentenceTransformer, texts: Sequence[str]) -> int:
    """Return which of :data:`BATCHES` takes the least processor time, at its better try of two."""

    def taken(size: int) -> float:
        began = time.process_time()
        encoder.encode(list(texts), batch_size=size, show_progress_bar=False)
        return time.process_time() - began

    return min(BATCHES, key=lambda size: min(taken(size), taken(size)))


_KEYWORDS = re.compile(
    r"\?|？|how much|price|cost|discount|buy|order|link|ship|deliver|postage|available|in "
    r"stock|restock|size|book|appointment"
    r"|dm me|pm me|call me|whatsapp|wholesale|quote|where|address|open"
    r"|多少|价|價|买|買|拍|下单|链接|包邮|运费|有货|还有|尺码|预约|微信|批发|地址|吗|嗎"
    r"|berapa|harga|beli|nak|mau|order|ongkir|pos|ada|stok|saiz|ukuran|booking|grosir|borong|mana|alamat"
    r"|cu[aá]nto|precio|compr|quiero|env[ií]|hay|talla|cita|agendar|mayoreo|d[oó]nde|direcci[oó]n"
    r"|bao nhi[eê]u|gi[aá]|mua|ch[oố]t|ship|c[oò]n|size|[dđ][aặ]t l[iị]ch|s[iỉ]|[oở] "
    r"[dđ][aâ]u|[dđ][iị]a ch[iỉ]"
    r"|เท่าไ|ราคา|ซื้อ|สั่ง|เอา|ส่ง|มีไหม|มีมั้ย|ไซส์|จอง|นัด|ไลน์|ที่ไหน|สาขา|ไหม|มั้ย",
    re.IGNORECASE,
)


def keyword_score(texts: Sequence[str]) -> NDArray[np.float64]:
    """Return for each text how many keywords of the trade stand in it, in six languages: the filter
    that many shops start with.
    """
    return np.array([float(len(_KEYWORDS.findall(text))) for text in texts])


def router_score(
    encoder: SentenceTransformer, texts: Sequence[str], routes: Sequence[str], others: Sequence[str]
) -> NDArray[np.float64]:
    """Return how much nearer each text is to its nearest lead route than to its nearest other
    utterance: an embedding router (cosines).
    """
    embeddings, near, far = (
        encoder.encode(
            list(some), batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False
        )
        for some in (texts, routes, others)
    )
    return np.asarray(
        (embeddings @ near.T).max(axis=1) - (embeddings @ far.T).max(axis=1), dtype=np.float64
    )
