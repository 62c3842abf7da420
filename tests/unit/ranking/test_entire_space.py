"""A network learns orders over all impressions, and from what was asked before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from intent.ranking.entire_space import EntireSpaceHeads, scaled
from intent.ranking.entire_space_training import NetworkKnobs, NetworkRows, fit_entire_space
from intent.ranking.impression_log import ShownRows
from intent.ranking.intent_sequences import LONGEST, IntentSequences, read_sequences
from intent.ranking.ranking_rows import RankingRows
from intent.store.schema import INTENTS
from tests.unit.ranking.shown_log import invented

ENTRY = pa.list_(pa.struct([("intent", pa.string()), ("item_id", pa.string()), ("at", pa.int64())]))
MINUTE = 60_000_000
FEW = NetworkKnobs(hidden=8, width=4, passes=1)
THREE = NetworkKnobs(hidden=8, width=4, passes=3, patience=9)
SMALL = NetworkKnobs(hidden=16, width=8, passes=4, rows=256, rate=1e-2)


def test_the_last_intents_are_read_with_their_ages_and_items() -> None:
    now = 10**15
    said = [
        {"intent": INTENTS[2], "item_id": "i_1", "at": now - MINUTE // 2},
        {"intent": INTENTS[0], "item_id": None, "at": now - 600 * MINUTE},
    ]
    many = [{"intent": INTENTS[1], "item_id": "i_2", "at": now - n} for n in range(1, 51)]
    column = pa.chunked_array([pa.array([said, None], ENTRY), pa.array([[], many], ENTRY)])
    found = read_sequences(column, np.full(4, now), ["i_1", "i_1", None, "i_9"])
    assert found.intents[0, :3].tolist() == [3, 1, 0]
    assert found.steps[0, :3].tolist() == [1, 5, 0]
    assert found.same_item[0, :2].tolist() == [1, 0]
    assert not found.intents[1:3].any()
    assert found.intents[3].tolist() == [2] * LONGEST
    assert not found.same_item[3].any()


def test_missing_features_are_flags_and_the_rest_is_about_one_wide() -> None:
    matrix = np.array([[1.0, np.nan], [3.0, 2.0]])
    found = scaled(matrix, np.zeros(2), np.ones(2))
    assert found.shape == (2, 4)
    assert found[0].tolist() == pytest.approx([np.log(2), 0, 0, 1])


def with_sequences(seed: int) -> tuple[RankingRows, ShownRows, np.ndarray]:
    """Return invented rows whose wish to order stands in what was asked before, and nowhere else."""
    matrix, shown, relevance, wants = invented(seed, 4_000)
    intents = np.zeros((len(matrix), LONGEST), dtype=np.int8)
    intents[:, 0] = np.where(wants > 0.2, 3, 1)
    sequences = IntentSequences(
        intents, (intents > 0).astype(np.int8), np.zeros_like(intents, dtype=bool)
    )
    return RankingRows(matrix[:, [0, 2]], sequences), shown, relevance


def learnt(rows: RankingRows, shown: ShownRows, **more: object) -> EntireSpaceHeads:
    given = NetworkRows(rows, shown, np.ones(len(rows)))
    return fit_entire_space(given, **{"knobs": FEW, **more})


def test_it_learns_what_was_asked_and_sets_the_position_apart() -> None:
    rows, shown, relevance = with_sequences(1)
    heads = learnt(rows, shown, knobs=SMALL, seed=1)
    scores = heads.said(rows)
    assert rows.sequences is not None
    asked = rows.sequences.intents[:, 0] == 3
    assert scores.order_after_click[asked].mean() > 2 * scores.order_after_click[~asked].mean()
    assert scores.click.mean() / relevance.mean() == pytest.approx(1, abs=0.3)
    further = heads.said(rows, np.full(len(rows), 4))
    assert further.click.mean() < 0.8 * scores.click.mean()
    assert (scores.order <= scores.click).all()


def test_the_same_seed_gives_the_same_network_and_leaves_the_programs_chance_alone() -> None:
    rows, shown, _ = with_sequences(2)
    one, other = (learnt(rows, shown, seed=3).said(rows) for _ in range(2))
    assert np.allclose(one.order, other.order, rtol=1e-6)


def test_a_training_that_was_killed_goes_on_and_ends_with_the_same_network(tmp_path: Path) -> None:
    rows, shown, _ = with_sequences(4)
    later = NetworkRows(rows, shown, np.ones(len(rows)))
    whole = learnt(rows, shown, held_out=later, knobs=THREE)
    kept, said = tmp_path / "learning.pt", list[str]()

    def stop(line: str) -> None:
        said.append(line)
        if line.startswith("pass 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learnt(rows, shown, held_out=later, knobs=THREE, kept=kept, say=stop)
    again = learnt(rows, shown, held_out=later, knobs=THREE, kept=kept, say=said.append)
    assert [line.split(":")[0].split(",")[0] for line in said] == [
        "pass 1",
        "pass 2",
        "going on after pass 1",
        "pass 2",
        "pass 3",
    ]
    assert again.files() == whole.files()


def test_what_another_training_has_kept_is_not_gone_on_with(tmp_path: Path) -> None:
    rows, shown, _ = with_sequences(5)
    kept, said = tmp_path / "learning.pt", list[str]()
    learnt(rows, shown, seed=1, kept=kept)
    other = learnt(rows, shown, seed=2, kept=kept, say=said.append)
    kept.write_bytes(b"cut off")
    same = learnt(rows, shown, seed=2, kept=kept, say=said.append)
    assert said == []
    assert other.files() == same.files()


def test_features_that_are_never_there_do_no_harm() -> None:
    rows, shown, _ = with_sequences(3)
    rows.matrix[:, 1] = np.nan
    assert np.isfinite(learnt(rows, shown).said(rows).order).all()
