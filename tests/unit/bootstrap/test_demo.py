from __future__ import annotations

from pathlib import Path

import pytest

from intent.bootstrap.application import migrations_dir
from intent.bootstrap.deciding import llm_is_on
from intent.bootstrap.demo import build_demo, read_sample
from intent.bootstrap.keyfile import key_file
from intent.bootstrap.settings import load_settings
from intent.model.errors import OperatorError
from intent.store.engine import Database
from intent.store.migrate import migrate


def test_whatever_is_set_the_demo_has_a_database_of_its_own_and_asks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "INTENT_DATABASE_URL": f"sqlite:///{tmp_path}/real.db",
        "INTENT_KEY_FILE": f"{tmp_path}/real.key",
        "INTENT_LLM_BASE_URL": "http://127.0.0.1:9",
        "OPENAI_API_KEY": "a key",
        "INTENT_TRACES": "otlp",
        "INTENT_METRICS_PORT": "9",
    }.items():
        monkeypatch.setenv(name, value)
    app = build_demo(load_settings(), tmp_path / "demo.db")
    assert not llm_is_on(app)
    assert app.settings.traces is app.settings.metrics_port is None
    assert app.database.file == tmp_path / "demo.db"
    assert key_file(app.settings, app.database).name.startswith("demo.db")
    app.database.close()
    assert not (tmp_path / "real.db").exists()


def test_a_database_of_another_version_is_told_apart_from_ones_own(tmp_path: Path) -> None:
    old = Database(f"sqlite:///{tmp_path}/demo.db")
    migrate(old, migrations_dir(), "0001")
    old.close()
    with pytest.raises(OperatorError, match=rf"sqlite:///{tmp_path}/demo\.db names it"):
        build_demo(load_settings(), tmp_path / "demo.db")


def test_the_sample_is_read_as_files_are() -> None:
    assert len({one.room_id for one in read_sample()}) == 4
