"""Decisions as Parquet, in the columns of the table of decisions: how they are written and read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from intent.model.decision import DecidedBy, Decision, Entry
from intent.model.errors import OperatorError
from intent.model.message import Message
from intent.model.run import DecidedElsewhere
from intent.ports.deciding import Details
from intent.store.rows import decision_from, decision_row
from intent.store.schema import INTENTS
from intent.store.vault import text_digest

_VERSIONS = ("taxonomy_version", "prompt_version", "model_version", "calibration_version")

SCHEMA = pa.schema(
    [
        ("platform", pa.string()),
        ("message_id", pa.string()),
        ("text_digest", pa.string()),
        ("refused", pa.string()),
        ("labels", pa.list_(pa.string())),
        ("is_lead", pa.bool_()),
        ("lead_probability", pa.int32()),
        *((f"p_{intent}", pa.int32()) for intent in INTENTS),
        ("slots", pa.list_(pa.list_(pa.string()))),
        ("from_cache", pa.bool_()),
        *((name, pa.string()) for name in _VERSIONS),
    ]
)
"""One row for each that was read: a decision, or why it was refused. Probabilities are millionths,
slots are pairs of kind and text.
"""


def decided_row(message: Message, decision: Decision, finder: Details) -> dict[str, Any]:
    """Return the row of a decision."""
    stored = message.model_copy(update={"text": finder.hide(message.text).text})
    row = {**decision_row(Entry(message, decision)), "text_digest": text_digest(stored)}
    return {name: row.get(name) for name in SCHEMA.names}


def refused_row(reason: str) -> dict[str, Any]:
    """Return the row of what is no message."""
    return {**dict.fromkeys(SCHEMA.names), "refused": reason}


def model_of(folder: Path) -> str:
    """Return the version of the model that has made all decisions of a folder.

    Raises:
        OperatorError: it holds no such files, or those of several models.
    """
    found = _opened(folder).to_table(columns=["model_version"])["model_version"]
    versions = found.drop_null().unique().to_pylist()
    if len(versions) != 1:
        raise OperatorError(
            f"{folder} holds decisions of {len(versions)} models; a run is what one has made"
        )
    return str(versions[0])


def read_decided(folder: Path, count: int) -> Iterator[list[DecidedElsewhere]]:
    """Yield the decisions of a folder, ``count`` at once at most; refused rows are left out.

    Raises:
        OperatorError: it holds no such files.
    """
    decided = ds.field("refused").is_null()
    for batch in _opened(folder).to_batches(filter=decided, columns=SCHEMA.names):
        for start in range(0, batch.num_rows, count):
            yield _read(batch.slice(start, count).to_pylist())


def _opened(folder: Path) -> ds.Dataset:
    try:
        found = ds.dataset(str(folder), format="parquet")
    except (OSError, pa.ArrowInvalid) as error:
        raise OperatorError(f"{folder} cannot be read as Parquet: {error}") from error
    missing = [name for name in SCHEMA.names if name not in found.schema.names]
    if missing:
        raise OperatorError(
            f"{folder} holds no decisions ({missing[0]} is missing); write them with: intent "
            "classify messages.parquet --engine spark --output DIR"
        )
    return found


def _read(rows: Sequence[dict[str, Any]]) -> list[DecidedElsewhere]:
    # What is found when a decision is saved stands in no file.
    found_later = dict.fromkeys(("stated_price", "price_gap", "answer_seconds"))
    made = {"decided_by": DecidedBy.LOCAL.value, "degraded": False, **found_later}
    return [
        DecidedElsewhere(
            row["platform"], row["message_id"], row["text_digest"], decision_from({**row, **made})
        )
        for row in rows
    ]
