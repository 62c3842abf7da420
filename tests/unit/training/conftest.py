"""A real encoder that is small enough to be made by the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.training.encoder import write_encoder


@pytest.fixture(scope="session")
def small_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder"))
