"""Lines beside the database are read with the master key alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from intent.model.batch import Batch
from intent.queues.spool import FileSpool
from intent.store.line_seal import LineSeal
from intent.store.vault_keys import VaultKeys
from tests.conftest import MakeMessage


def seal_of(*masters: bytes) -> LineSeal:
    return LineSeal(VaultKeys(lambda: masters))


def test_a_line_comes_back_also_behind_a_rotation_and_a_plain_one_as_it_is() -> None:
    old, new = b"o" * 32, b"n" * 32
    sealed = seal_of(old).seal(b'{"text": "wa 0812"}')
    assert b"0812" not in sealed
    assert b"\n" not in sealed
    assert seal_of(new, old).unseal(sealed + b"\n") == b'{"text": "wa 0812"}'
    assert seal_of(new).unseal(b'{"plain": 1}') == b'{"plain": 1}'


@pytest.mark.parametrize("line", [b"no base64!\n", b"AAAA\n", b"\n"])
def test_what_no_key_of_ours_sealed_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="sealed"):
        seal_of(b"o" * 32).unseal(line)


def test_a_spool_holds_nothing_that_can_be_read_and_gives_it_back(
    tmp_path: Path, make_message: MakeMessage
) -> None:
    sealing, said = seal_of(b"o" * 32), Batch([make_message("wa 0812-3456-7890")])
    spool, taken = FileSpool(tmp_path, limit=10_000, sealing=sealing), list[Batch]()
    spool.append(said)
    assert b"0812" not in spool.path.read_bytes()
    spool.drain(taken.append)
    assert [one.text for batch in taken for one in batch.messages] == ["wa 0812-3456-7890"]
    spool.close()
