"""A file that people edit is refused with its name, the place in it and the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from intent.model.datafile import read_data
from intent.model.errors import TemplateError


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    price: float


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    models: tuple[Inner, ...]


def test_a_right_file_becomes_a_value(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("models: [{price: 1.5}]", encoding="utf-8")
    assert read_data(Outer, tmp_path / "a.yaml").models[0].price == 1.5


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            b"models: [{price: cheap}]",
            r"a\.yaml is wrong at models\.0\.price: .*number.*; ask the cook",
        ),
        (b"models: []\nmodel: 1", r"is wrong at model: Extra inputs"),
        (b"", r"is wrong at its top: there must be models"),
        (b"models: 2026-02-30", r"is no YAML: .*day"),
        (b"models: [", r"is no YAML: [^\n]+, in line 1, column 10; "),
        (b"models:\n\ta: 1", r"\(indent with spaces, not with tabs\), in line 2, column 1; "),
        (b"models: {a: 1, a: 2}", r"is no YAML: 'a' stands twice; name it once, in line 1, "),
        (b"models: \xff", r"cannot be read"),
    ],
)
def test_a_wrong_file_is_named_with_place_and_reason(
    content: bytes, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_bytes(content)
    with pytest.raises(TemplateError, match=reason):
        read_data(Outer, tmp_path / "a.yaml", remedy="ask the cook")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"none\.yaml cannot be read"):
        read_data(Outer, tmp_path / "none.yaml")
