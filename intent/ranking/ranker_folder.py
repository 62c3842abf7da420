"""Keeps a ranker in a folder: trees as LightGBM writes them, or the arrays of a network, and a
manifest that pins the feature set by its digest and every file by its checksum.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.numpy import load

from intent.features.definitions.definitions import Definitions
from intent.model.errors import OperatorError
from intent.ranking.boosting import trees_from_text
from intent.ranking.calibration_curves import curve_from_data
from intent.ranking.click_order import (
    CLICKS,
    NETWORK,
    ORDERS,
    ClickOrderHeads,
    ClickOrderModel,
)
from intent.ranking.maturity import maturity_from_data
from intent.ranking.tree_ranker import TreeHeads

FORM = 2
MANIFEST = "ranker.json"


def save_ranker(model: ClickOrderModel, folder: Path) -> None:
    """Write a ranker; the manifest comes last, so that a folder without one is none."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (MANIFEST, CLICKS, ORDERS, NETWORK):
        (folder / name).unlink(missing_ok=True)
    files = model.heads.files()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    held = {
        "form": FORM,
        "feature_set": model.feature_set.name,
        "digest": model.feature_set.version,
        "features": model.feature_set.names,
        "learnt": dict(zip(("impressions", "clicks", "orders"), model.learnt, strict=True)),
        "days": [day.isoformat() for day in model.days],
        "click_curve": model.click_curve.data(),
        "order_curve": model.order_curve.data(),
        "maturity": model.maturity.data(),
        "files": {name: _checksum(content) for name, content in files.items()},
    }
    partial = folder / f"{MANIFEST}.partial"
    partial.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
    partial.replace(folder / MANIFEST)


def load_ranker(folder: Path, definitions: Definitions) -> ClickOrderModel:
    """Read a ranker.

    Raises:
        OperatorError: the folder holds none, a file is not the one that was saved, or the feature
            set it was trained with is not there, or another one today.
    """
    held = _manifest(folder)
    try:
        feature_set = definitions.feature_set(held["feature_set"])
        if feature_set.version != held["digest"]:
            raise OperatorError(
                f"the ranker in {folder} was trained with {feature_set.name} of digest "
                f"{held['digest']}, which is {feature_set.version} here; serve with the "
                "definitions that it was trained with, or train it anew"
            )
        days = [date.fromisoformat(day) for day in held["days"]]
        return ClickOrderModel(
            feature_set,
            _heads(folder, held["files"]),
            curve_from_data(held["click_curve"]),
            curve_from_data(held["order_curve"]),
            maturity_from_data(held["maturity"]),
            (
                int(held["learnt"]["impressions"]),
                int(held["learnt"]["clicks"]),
                int(held["learnt"]["orders"]),
            ),
            (days[0], days[1]),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise OperatorError(f"{folder / MANIFEST} is no manifest of a ranker: {error}") from error


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise OperatorError(
            f"there is no ranker in {folder}; train one with: python -m eval rank train"
        ) from error
    except ValueError as error:
        raise OperatorError(f"{path} is no manifest of a ranker: {error}") from error
    if not isinstance(held, dict) or held.get("form") != FORM:
        raise OperatorError(
            f"{path} is of another version than this program; train the ranker anew"
        )
    return held


def _heads(folder: Path, sums: dict[str, str]) -> ClickOrderHeads:
    if NETWORK not in sums:
        clicks, orders = (
            trees_from_text(_content(folder, name, sums).decode("utf-8"))
            for name in (CLICKS, ORDERS)
        )
        return TreeHeads(clicks, orders)
    # Needs torch, which an installation whose rankers are trees does without.
    from intent.ranking.entire_space import heads_of  # noqa: PLC0415

    try:
        return heads_of(load(_content(folder, NETWORK, sums)))
    except SafetensorError as error:
        raise OperatorError(f"{folder / NETWORK} holds no arrays: {error}") from error


def _content(folder: Path, name: str, sums: dict[str, str]) -> bytes:
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise OperatorError(f"{folder / name} cannot be read: {error.strerror}") from error
    if _checksum(content) != sums[name]:
        raise OperatorError(
            f"{folder / name} is not the file that was saved with its manifest; copy the whole "
            "folder again"
        )
    return content


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
