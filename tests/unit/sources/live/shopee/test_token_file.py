"""The file of tokens: what was stored is there, whatever happened meanwhile, and for nobody else."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from intent.model.errors import OperatorError
from intent.sources.live.shopee import token_file
from intent.sources.live.shopee.token_file import KeptTokens, TokenFile

OLD, NEW = KeptTokens("a0", "r0"), KeptTokens("a1", "r1")


def test_what_was_stored_is_read_by_its_owner_alone(tmp_path: Path) -> None:
    file = TokenFile(tmp_path / "state", "shop")
    with file.alone():
        assert file.read() is None
        file.write(OLD)
        assert file.read() == OLD
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "state").iterdir()}
    assert modes == {"shop.json": 0o600, "shop.lock": 0o600}
    assert "a0" not in repr(OLD)


def test_reserved_room_holds_nothing_until_it_is_filled(tmp_path: Path) -> None:
    file = TokenFile(tmp_path, "shop")
    with file.alone():
        file.write(OLD)
        with file.reserved():
            pass
        assert file.read() == OLD


def test_a_pair_that_was_written_and_not_yet_named_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = TokenFile(tmp_path, "shop")

    def killed(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with file.alone():
        file.write(OLD)
        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", killed)
            with pytest.raises(KeyboardInterrupt):
                file.write(NEW)
        assert TokenFile(tmp_path, "shop").read() == NEW
        assert TokenFile(tmp_path, "shop").read() == NEW


def test_half_a_pair_is_none(tmp_path: Path) -> None:
    file = TokenFile(tmp_path, "shop")
    with file.alone():
        file.write(OLD)
        (tmp_path / "shop.next").write_bytes(b'{"access": "a1", "refr')
        assert file.read() == OLD


def test_a_full_disk_is_noticed_when_room_is_reserved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(token_file.os, "fsync", full)
    file, reached = TokenFile(tmp_path, "shop"), []
    with pytest.raises(OperatorError, match="No space left"), file.alone(), file.reserved():
        reached.append("the question")
    assert reached == []


def test_a_folder_that_cannot_be_made_is_for_the_operator(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(OperatorError, match="give that folder room"),
        TokenFile(tmp_path / "file", "shop").alone(),
    ):
        pass


def test_a_spoiled_file_is_for_the_operator(tmp_path: Path) -> None:
    file = TokenFile(tmp_path, "shop")
    (tmp_path / "shop.json").write_text("{}")
    with file.alone(), pytest.raises(OperatorError, match="holds no tokens; delete it"):
        file.read()


def test_one_at_a_time(tmp_path: Path) -> None:
    with TokenFile(tmp_path, "shop").alone():
        other = os.open(tmp_path / "shop.lock", os.O_RDWR)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(other)
