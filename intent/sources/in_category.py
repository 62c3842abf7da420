"""Gives the messages of a source the category of its room, where the source itself says none."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace

from intent.model.batch import Batch
from intent.model.message import Message
from intent.ports.ingestion import Source


class InCategory:
    """A source whose rooms are all of one category."""

    def __init__(self, source: Source, category: str) -> None:
        self._source, self._category = source, category

    def read(self) -> Iterator[Batch]:
        """Yield what the source yields; see :class:`intent.ports.ingestion.Source`."""
        batches = self._source.read()
        try:
            for batch in batches:
                yield replace(batch, messages=[self._filled(one) for one in batch.messages])
        finally:
            if isinstance(batches, Generator):
                batches.close()

    def _filled(self, message: Message) -> Message:
        if message.category_id is not None:
            return message
        return message.model_copy(update={"category_id": self._category})
