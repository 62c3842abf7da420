"""Says nothing where an entity has nothing to say, and why."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from intent.features.definitions.status import Status
from intent.features.online.read_columns import Column


def with_status(values: Column, entities: NDArray[np.int8]) -> tuple[Column, NDArray[np.int8]]:
    """Return values with nothing where the entity has nothing to say, and the status of each."""
    there = entities == Status.PRESENT
    if values.dtype == object:
        empty = np.array([not value for value in values], dtype=bool)
        kept = np.array([*values, None], dtype=object)[
            :-1
        ]  # an array of lists, not an array of arrays
        kept[~there] = None
    else:
        empty = np.isnan(values) | (values == 0)
        kept = np.where(there, values, np.nan)
    return kept, np.where(there & empty, np.int8(Status.ZERO), entities)


def with_nobody(values: Column, statuses: NDArray[np.int8]) -> tuple[Column, NDArray[np.int8]]:
    """Return both with one entity more at the end, which nobody is: missing, and never seen."""
    nobody = np.array([None if values.dtype == object else np.nan], dtype=values.dtype)
    return np.concatenate([values, nobody]), np.append(statuses, np.int8(Status.NEVER_SEEN))
