"""SetFit as a peer of the local model; by itself, for it takes seconds to import."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from setfit import SetFitModel

from eval.bench.peers import PlainPeer


class SetFitPeer:
    """SetFit's own prediction path, with the encoder and the head of the plain peer."""

    def __init__(self, peer: PlainPeer) -> None:
        self._batch = peer.batch
        self._model = SetFitModel(
            model_body=peer.encoder, model_head=peer.head, multi_target_strategy="one-vs-rest"
        )

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return probabilities of shape (texts, outputs)."""
        return np.asarray(
            self._model.predict_proba(list(texts), batch_size=self._batch, show_progress_bar=False)
        )
