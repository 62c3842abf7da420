"""Finds the data that travels with the code: prompts, taxonomy, migrations, models."""

from __future__ import annotations

from pathlib import Path

from intent.model.errors import OperatorError

_PACKAGE = Path(__file__).resolve().parents[1]
_CHECKOUT = _PACKAGE.parent
# Installed packages also have neighbours; only a folder with these files of ours is our checkout.
_CHECKOUT_SIGNS = ("pyproject.toml", "prompts/taxonomy.yaml")


def locate(name: str, setting: Path | None = None) -> Path:
    """Return the file or folder ``name``: the setting if given, else the checkout's, else the
    packaged copy.

    Raises:
        OperatorError: the setting names nothing, or the installation is incomplete.
    """
    if setting is not None:
        if not setting.exists():
            raise OperatorError(
                f"{setting} does not exist; give an existing path for {name!r}, or none to use the "
                "one that ships"
            )
        return setting
    candidates = [_PACKAGE / "_data" / name, _PACKAGE / name]
    if all((_CHECKOUT / sign).is_file() for sign in _CHECKOUT_SIGNS):
        candidates.insert(0, _CHECKOUT / name)
    for candidate in candidates:
        if candidate.exists():
            return candidate
    raise OperatorError(f"{name!r} was not found in this installation; install the package again")
