"""What a run was made of: enough to make it again, and to refuse to mix it with another."""

from __future__ import annotations

import json
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from eval.run.items import Item
from eval.run.predictions import replace
from eval.run.suite import By, digest
from intent.model.errors import OperatorError

FILE = "manifest.json"
FAILURES_OF = "failures_of"
"""Among a run's filters: only what another run decided wrongly."""

_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("numpy", "onnxruntime", "openai", "scikit-learn", "scipy")


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Decider(_Data):
    """Who decided; every value but names is a content hash, or ``none``.

    Attributes:
        settings: what was set by hand, such as a threshold.
        prices: hash of the table that tokens were priced with.
    """

    by: By
    taxonomy: str
    model: str = "none"
    calibration: str = "none"
    prompt: str = "none"
    prompt_name: str = "none"
    llm: str = "none"
    server: str = "none"
    prices: str = "none"
    settings: dict[str, str | float | bool] = {}


class Manifest(_Data):
    """Everything that determines the predictions, and, below ``code``, what is only good to
    know.
    """

    suite: str
    suite_file: str
    dataset: str
    dataset_hash: str
    splits: tuple[str, ...]
    filters: dict[str, tuple[str, ...]]
    sample: int | None
    repeat: int
    seed: int
    items: int
    decider: Decider
    code: str
    versions: dict[str, str] = {}
    command: str = ""
    started: datetime
    finished: datetime | None = None
    replayed: int = 0

    @property
    def partial(self) -> bool:
        """Whether only a part of the suite was run: such a run is neither gated nor blessed."""
        return bool(self.filters) or self.sample is not None

    @property
    def failures_of(self) -> str | None:
        """The run whose wrong decisions alone were decided again."""
        return next(iter(self.filters.get(FAILURES_OF, ())), None)

    def differs(self, other: Manifest) -> list[str]:
        """Name what would make the predictions of the two differ."""
        names = (
            "suite",
            "dataset_hash",
            "splits",
            "filters",
            "sample",
            "repeat",
            "seed",
            "decider",
            "code",
        )
        return [name for name in names if getattr(self, name) != getattr(other, name)]


def dataset_hash(items: list[Item]) -> str:
    """Return the hash of the chosen messages and what is expected of them, in order."""
    return digest(
        *(
            f"{item.row.id} {item.seen} {item.row.expected.model_dump_json()}".encode()
            for item in items
        )
    )


def code_hash() -> str:
    """Return the hash of the sources that decide: all of ``intent``."""
    files = sorted((_ROOT / "intent").rglob("*.py"))
    return digest(
        *(
            part
            for file in files
            for part in (str(file.relative_to(_ROOT)).encode(), file.read_bytes())
        )
    )


def from_here(path: Path) -> str:
    """Return a path relative to the repository where it lies inside, so that a manifest means the
    same on another machine.
    """
    absolute = path.resolve()
    return str(absolute.relative_to(_ROOT)) if absolute.is_relative_to(_ROOT) else str(absolute)


def to_here(path: str) -> Path:
    """Undo :func:`from_here`."""
    return _ROOT / path


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that numbers may depend on."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def now() -> datetime:
    """Return the time, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a run, whole or not at all."""
    replace(
        folder / FILE,
        (
            json.dumps(manifest.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"
        ).encode(),
    )


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a run.

    Raises:
        OperatorError: the folder is no run.
    """
    try:
        return Manifest.model_validate_json((folder / FILE).read_bytes())
    except OSError as error:
        raise OperatorError(
            f"{folder} is no run: it has no {FILE}; make one with: python -m eval run --suite "
            f"SUITE -o {folder}"
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise OperatorError(
            f"{folder / FILE} is wrong at {'.'.join(map(str, first['loc']))}: {first['msg']}"
        ) from error
