"""Settings come from the environment, and need no home to have their defaults."""

from __future__ import annotations

import pwd
from pathlib import Path

import pytest

from intent.bootstrap.settings import load_settings


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
