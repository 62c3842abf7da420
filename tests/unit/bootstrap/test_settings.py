"""Settings come from the environment and need no home; what is wrong there is said at once."""

from __future__ import annotations

import pwd
from pathlib import Path

import pytest

from intent.bootstrap.settings import load_settings
from intent.model.errors import WrongUse


def test_the_cache_lies_in_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert load_settings().cache_dir == Path("/home/somebody/.cache/lead-intent")


def test_a_user_without_a_home_has_no_cache_and_keeps_other_paths(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HOME")

    def nobody(uid: int) -> pwd.struct_passwd:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.setenv("INTENT_PROMPTS_DIR", "~/prompts")
    monkeypatch.setenv("INTENT_MODEL_DIR", "/models/mine")
    settings = load_settings()
    assert settings.cache_dir is None
    assert settings.prompts_dir == Path("~/prompts")
    assert settings.model_dir == Path("/models/mine")
    monkeypatch.setenv("INTENT_CACHE_DIR", "/var/cache/mine")
    assert load_settings().cache_dir == Path("/var/cache/mine")


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("INTENT_DATABSE_URL", "INTENT_DATABASE_URL"),
        ("INTENT_DB_URL", "INTENT_DATABASE_URL"),
        ("intent_database_urls", "INTENT_DATABASE_URL"),
        ("INTENT_LLM_KEY", "INTENT_LLM_API_KEY"),
        ("INTENT_BATCHCOUNT", "INTENT_BATCH_COUNT"),
    ],
)
def test_a_misspelt_variable_is_refused_with_the_nearest_right_name(
    name: str, right: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "secret")
    with pytest.raises(WrongUse, match=rf"no setting {name}; did you mean {right}\?") as refused:
        load_settings()
    assert "secret" not in str(refused.value)


def test_a_variable_that_is_like_none_of_ours_is_refused_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INTENT_XYZZY", "1")
    with pytest.raises(WrongUse, match="no setting INTENT_XYZZY; All of them"):
        load_settings()


def test_ours_are_read_in_large_letters_and_small_and_strangers_are_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("intent_batch_count", "7")
    for name in (
        "INTENTION",
        "INTENT_SERVICE_HOST",
        "INTENT_PORT",
        "INTENT_PORT_8080_TCP_ADDR",
        "INTENT_WEB_SERVICE_PORT_HTTP",
        "INTENT_METRICS_PORT",  # of a service intent-metrics; one of ours is a number
    ):
        monkeypatch.setenv(name, "tcp://10.0.0.1:8080")
    assert load_settings().batch_count == 7
    assert load_settings().metrics_port is None
    monkeypatch.setenv("INTENT_METRICS_PORT", "9100")
    assert load_settings().metrics_port == 9100


@pytest.mark.parametrize("word", ["none", "None", " NONE "])
def test_a_budget_can_be_switched_off(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("INTENT_LLM_BUDGET_HOUR", word)
    monkeypatch.setenv("INTENT_LLM_BUDGET_DAY", "0.5")
    settings = load_settings()
    assert (settings.llm_budget_hour, settings.llm_budget_day) == (None, 0.5)


def test_a_budget_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTENT_LLM_BUDGET_HOUR", "plenty")
    with pytest.raises(WrongUse, match="INTENT_LLM_BUDGET_HOUR"):
        load_settings()


def test_what_sources_keep_lies_in_the_home_and_not_in_a_folder_called_tilde(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("INTENT_SOURCES", "~/sources.yaml")
    settings = load_settings()
    assert settings.state_dir == tmp_path / ".local/state/lead-intent"
    assert settings.sources == tmp_path / "sources.yaml"
